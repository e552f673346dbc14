/** Counts since the start, for metrics; `connectedClients`, `heldMessages` and the sizes are as of now. */
export interface BrokerStats {
  connectedClients: number
  connectionsTotal: number
  connectionsRefusedTotal: number
  publishesTotal: number
  publishesDeniedTotal: number
  /** Messages that went out to subscribers. */
  publishesSentTotal: number
  /** QoS 0 messages that a reader who did not keep up has not got. */
  publishesSkippedTotal: number
  /** QoS 1 and 2 messages that a session had no room for. */
  queueFullTotal: number
  /** Messages to retain beyond the limit: forwarded, not kept. */
  retainedRefusedTotal: number
  /** Readers that were disconnected because they did not keep up. */
  slowReadersTotal: number
  subscriptionsDeniedTotal: number
  packetsTooLargeTotal: number
  packetsMalformedTotal: number
  /** QoS 1 and 2 messages that wait for the store to work again. */
  heldMessages: number
  /** QoS 0 messages that the store could not take. */
  qos0DroppedTotal: number
  /** Sessions that outlive their connection. */
  sessions: number
  subscriptions: number
  /** Messages in the queues of sessions. */
  queuedMessages: number
  retainedMessages: number
  retainedBytes: number
}

export const newStats = (): BrokerStats => ({
  connectedClients: 0,
  connectionsTotal: 0,
  connectionsRefusedTotal: 0,
  publishesTotal: 0,
  publishesDeniedTotal: 0,
  publishesSentTotal: 0,
  publishesSkippedTotal: 0,
  queueFullTotal: 0,
  retainedRefusedTotal: 0,
  slowReadersTotal: 0,
  subscriptionsDeniedTotal: 0,
  packetsTooLargeTotal: 0,
  packetsMalformedTotal: 0,
  heldMessages: 0,
  qos0DroppedTotal: 0,
  sessions: 0,
  subscriptions: 0,
  queuedMessages: 0,
  retainedMessages: 0,
  retainedBytes: 0,
})
