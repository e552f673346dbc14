/** Bounds of what is remembered of publishes, each with the harm that it prevents. */
export const deliveryLimits = {
  /** Ids a session: more than a client can have unacknowledged (`unacknowledgedMax` of `broker/limits.ts`, where the broker stops reading it). Fewer, and a repeat would be stored twice; more are memory for nothing. */
  idsMax: 4_096,
  /** Sessions, above what the broker keeps (`sessionsMax` of `broker/limits.ts`) since QoS 2 comes from clean ones too; the one that was silent longest is forgotten. One of 4,096 ids takes 48 KB. */
  sessionsMax: 2_000,
  /** Rows of one session in the store. At window 1 a row is one id; beyond it they become one row of at most 40 KB, so that a start reads few. */
  rowsMax: 64,
} as const
