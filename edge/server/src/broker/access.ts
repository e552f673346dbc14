import type { DeviceGrant } from './devices.ts'
import type { BrokerLimits } from './limits.ts'

/** `devices`: everybody signs in and may do what their grant says. `open`: anybody may do everything but write below `$`; for tests and benchmarks. */
export type BrokerPolicy = 'devices' | 'open'

export const isSensorTopic = (topic: string): boolean => topic.startsWith('sensor/')

/** Why a client may not publish there, or null. What is said here goes into the log, never to the client. */
export function publishRefusal(policy: BrokerPolicy, grant: DeviceGrant | null, topic: string): string | null {
  if (topic.startsWith('$')) return 'topics that begin with "$" are the broker\'s own'
  if (policy === 'open') return null
  if (grant === null) return 'it has not signed in'
  if (grant.role !== 'device') return `a ${grant.role} only reads`
  return isBelowLines(topic, grant.lines)
    ? null
    : `it may publish below ${grant.lines.map((line) => `sensor/${line}/`).join(', ')} only`
}

/** Why a client may not subscribe to a filter, or null. */
export function subscribeRefusal(policy: BrokerPolicy, grant: DeviceGrant | null, filter: string): string | null {
  if (policy === 'open') return null
  if (grant?.role !== 'consumer') return 'only a consumer reads'
  if (/^(judgment|alarm|verdict)\//.test(filter)) return null
  if (filter.startsWith('$SYS/')) return grant.readsSys === true ? null : 'its entry does not say that it reads $SYS'
  return 'a consumer reads below judgment/, alarm/ and verdict/ only'
}

function isBelowLines(topic: string, lines: readonly string[]): boolean {
  if (!isSensorTopic(topic)) return false
  const end = topic.indexOf('/', 7)
  return end > 7 && lines.includes(topic.slice(7, end))
}

/** Whether a filter or topic keeps to the limits. */
export function isWithinLimits(topic: string, limits: Pick<BrokerLimits, 'topicBytesMax' | 'topicLevelsMax'>): boolean {
  if (
    topic.length > limits.topicBytesMax ||
    (topic.length * 3 > limits.topicBytesMax && Buffer.byteLength(topic) > limits.topicBytesMax)
  )
    return false
  let levels = 1
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) levels++
  return levels <= limits.topicLevelsMax
}
