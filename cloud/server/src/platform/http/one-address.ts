import type { CloudConfig } from '../../config.ts'

type Settings = Pick<CloudConfig, 'http' | 'modules'>

/**
 * A process whose callers come through a gateway or an ingress, and who does not take the word of that for where they come from, sees all of them at one address: the
 * wrong passwords of one lock everybody out. It is said at each start.
 */
export function oneAddressForAll({ http, modules }: Settings): string[] {
  if (http.trust_forwarded_for || modules.includes('gateway')) return []
  const limited = modules.filter((name) => name === 'identity' || name === 'fleet')
  if (limited.length === 0) return []
  return [
    `JIDOKA_CLOUD_TRUST_FORWARDED_FOR: the gateway of ${limited.join(' and ')} runs elsewhere, and everybody who comes through it counts as one address: wrong attempts of one lock out all. Set it to true, and let nobody but the gateway reach this program.`,
  ]
}
