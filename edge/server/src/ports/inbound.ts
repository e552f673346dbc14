// What comes in from devices, and what becomes of it that cannot be kept.

/** A message that came in and waits for its acknowledgement. */
export interface Inbound {
  readonly topic: string
  readonly payload: Uint8Array
  /** The device's login; goes into dead letters. */
  readonly source: string
  readonly qos: 0 | 1 | 2
  /** Names the delivery where the protocol lets us know a repeat: QoS 2, and QoS 1 within a session that outlives its connection. */
  readonly delivery?: Delivery | undefined
}

/** The messages of one commit, told once they have been acknowledged. Times are monotonic milliseconds of this process. */
export interface Publishes {
  /** Whatever became of them. */
  readonly count: number
  /** When the first of them came. */
  readonly firstMs: number
  /** When their commit was heard of. */
  readonly committedMs: number
  /** When their answers had been written. */
  readonly acknowledgedMs: number
}

export interface Delivery {
  /** The client id as the broker knows it, see `StoredSession`. */
  readonly session: string
  /** 1..65535 */
  readonly messageId: number
  readonly dup: boolean
}

/** Why an inbound message was not stored though it was acknowledged; see `deadLetterSchema` of the contract for the reasons. */
export interface DeadLetter {
  readonly atMs: number
  readonly source: string
  readonly topic: string
  readonly reason: DeadLetterReason
  readonly detail: string
  readonly sample: string
}

export type DeadLetterReason =
  | 'not_json'
  | 'wrong_type'
  | 'not_finite'
  | 'too_large'
  | 'time_too_far'
  | 'bad_topic'
  | 'wrong_tenant'
  | 'unit_mismatch'
  | 'kind_mismatch'
  | 'too_many_tags'
