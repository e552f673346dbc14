/** Counts since the start, for metrics; `connectedClients` and `heldMessages` are as of now. */
export interface BrokerStats {
  connectedClients: number
  connectionsTotal: number
  connectionsRefusedTotal: number
  publishesTotal: number
  publishesDeniedTotal: number
  subscriptionsDeniedTotal: number
  packetsTooLargeTotal: number
  packetsMalformedTotal: number
  /** QoS 1 and 2 messages that wait for the store to work again. */
  heldMessages: number
  /** QoS 0 messages that the store could not take. */
  qos0DroppedTotal: number
}

export const newStats = (): BrokerStats => ({
  connectedClients: 0,
  connectionsTotal: 0,
  connectionsRefusedTotal: 0,
  publishesTotal: 0,
  publishesDeniedTotal: 0,
  subscriptionsDeniedTotal: 0,
  packetsTooLargeTotal: 0,
  packetsMalformedTotal: 0,
  heldMessages: 0,
  qos0DroppedTotal: 0,
})
