import type { BrokerStats } from './stats.ts'

/** How often `$SYS` is told again. */
export const sysIntervalMs = 10_000

/** What the broker says of itself below `$SYS/broker/`, under the names that Mosquitto made usual. */
export function sysTopics(facts: {
  readonly version: string
  readonly uptimeMs: number
  readonly stats: Readonly<BrokerStats>
  readonly sessionsDisconnected: number
}): readonly (readonly [topic: string, text: string])[] {
  const { version, uptimeMs, stats, sessionsDisconnected } = facts
  const values: Readonly<Record<string, string | number>> = {
    version: `jidoka ${version}`,
    uptime: `${Math.floor(uptimeMs / 1_000)} seconds`,
    'clients/connected': stats.connectedClients,
    'clients/disconnected': sessionsDisconnected,
    'clients/total': stats.connectedClients + sessionsDisconnected,
    'messages/stored': stats.queuedMessages + stats.retainedMessages,
    'publish/messages/received': stats.publishesTotal,
    'publish/messages/sent': stats.publishesSentTotal,
    'publish/messages/dropped': stats.publishesSkippedTotal + stats.queueFullTotal,
    'retained messages/count': stats.retainedMessages,
    'subscriptions/count': stats.subscriptions,
  }
  return Object.entries(values).map(([name, value]) => [`$SYS/broker/${name}`, String(value)])
}
