import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { RuleSource } from './rule-source.ts'

/**
 * What a rule's text means. To be raised with every change that can make any rule answer differently: another Rhai,
 * another function in the sandbox, another default limit that a verdict can meet.
 */
export const ruleEngineVersion = 'rhai-1.27.0/2'

/**
 * SHA-256 (64 hex digits) over the rule's canonical form and the engine's version. Two rules with one hash give the same
 * verdict for the same row, always. A judgment names its rule by `ruleIdentity`, which goes on from here. The order of fields and
 * parameters does not count.
 */
export function ruleHash(rule: RuleSource): string {
  const byName = <T>(left: readonly [string, T], right: readonly [string, T]) => (left[0] < right[0] ? -1 : 1)
  const canonical = {
    engine: ruleEngineVersion,
    fields: rule.fields.map(({ name, kind }) => [name, kind] as const).sort(byName),
    params: Object.entries(rule.params ?? {}).sort(byName),
    source: rule.source,
  }
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(canonical))))
}
