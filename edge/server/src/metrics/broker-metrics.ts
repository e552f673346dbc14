import type { BrokerStats } from '../broker/index.ts'

export interface BrokerMetric {
  readonly name: string
  readonly help: string
  readonly kind: 'total' | 'gauge'
  readonly of: (stats: Readonly<BrokerStats>) => number
}

const total = (name: string, help: string, of: BrokerMetric['of']): BrokerMetric => ({
  name: `jidoka_mqtt_${name}_total`,
  help,
  kind: 'total',
  of,
})
const gauge = (name: string, help: string, of: BrokerMetric['of']): BrokerMetric => ({
  name: `jidoka_mqtt_${name}`,
  help,
  kind: 'gauge',
  of,
})

/** What the broker counts, as metrics. */
export const brokerMetrics: readonly BrokerMetric[] = [
  total('connections', 'Connections that were opened', (stats) => stats.connectionsTotal),
  total(
    'connections_refused',
    'Connections refused: limits, logins, protocol',
    (stats) => stats.connectionsRefusedTotal,
  ),
  total('publishes', 'Messages that clients published', (stats) => stats.publishesTotal),
  total('publishes_denied', 'Publishes where their client may not', (stats) => stats.publishesDeniedTotal),
  total('publishes_sent', 'Messages that went out to subscribers', (stats) => stats.publishesSentTotal),
  total(
    'publishes_skipped',
    'QoS 0 messages that a reader who did not keep up has not got',
    (stats) => stats.publishesSkippedTotal,
  ),
  total('queue_full', 'QoS 1 and 2 messages that a session had no room for', (stats) => stats.queueFullTotal),
  total('retained_refused', 'Messages to retain beyond the limit', (stats) => stats.retainedRefusedTotal),
  total('slow_readers', 'Readers disconnected because they did not keep up', (stats) => stats.slowReadersTotal),
  total('subscriptions_denied', 'Subscriptions answered with 0x80', (stats) => stats.subscriptionsDeniedTotal),
  total('packets_too_large', 'Packets beyond the limit', (stats) => stats.packetsTooLargeTotal),
  total('packets_malformed', 'Packets that broke the protocol', (stats) => stats.packetsMalformedTotal),
  total('qos0_dropped', 'QoS 0 messages that the store could not take', (stats) => stats.qos0DroppedTotal),
  gauge('held_messages', 'Messages that wait for the store to work again', (stats) => stats.heldMessages),
  gauge('sessions', 'Sessions that outlive their connection', (stats) => stats.sessions),
  gauge('subscriptions', 'Subscriptions of all sessions', (stats) => stats.subscriptions),
  gauge('queued_messages', 'Messages in the queues of sessions', (stats) => stats.queuedMessages),
  gauge('retained_messages', 'Retained messages', (stats) => stats.retainedMessages),
  gauge('retained_bytes', 'Bytes of retained messages', (stats) => stats.retainedBytes),
]
