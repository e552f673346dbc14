import type { Alarm } from '@jidoka/domain'

// What the broker keeps over a restart.

/** A session that outlives its connection, as the store holds it. */
export interface StoredSession {
  /** Behind its login and a slash where clients sign in: every login has ids of its own. */
  readonly clientId: string
  /** Who holds its place: its login, or under the open policy the address that it came from. */
  readonly login: string
  readonly subscriptions: readonly { readonly topic: string; readonly qos: 0 | 1 | 2 }[]
  readonly seenMs: number
}

/** A message on its way to a session: queued or sent, and not yet acknowledged to its end. `packet` is its PUBLISH as it goes out. */
export interface QueuedMessage {
  readonly clientId: string
  /** Given when it is queued, so that a message that was sent before a crash goes out again under the id that its receiver knows. */
  readonly messageId: number
  /** `pubrel`: its receiver has it (PUBREC), and waits for the release. */
  readonly state: 'publish' | 'pubrel'
  readonly packet: Uint8Array
}

/** The last word of a client whose connection breaks. */
export interface StoredWill {
  readonly clientId: string
  readonly login: string
  readonly packet: Uint8Array
}

/** One change of what the broker keeps; changes of one call are in one commit, in order. */
export type BrokerChange =
  | { readonly kind: 'session'; readonly session: StoredSession }
  | { readonly kind: 'session_gone'; readonly clientId: string }
  | { readonly kind: 'enqueue'; readonly message: QueuedMessage }
  /** PUBREC came: the message is with its receiver. */
  | { readonly kind: 'released'; readonly clientId: string; readonly messageId: number }
  | { readonly kind: 'dequeue'; readonly clientId: string; readonly messageId: number }
  | { readonly kind: 'retain'; readonly topic: string; readonly packet: Uint8Array | null }
  | { readonly kind: 'will'; readonly will: StoredWill }
  | { readonly kind: 'will_gone'; readonly clientId: string }
  /** PUBREL of an inbound QoS 2 publish: its packet id is free again. */
  | { readonly kind: 'inbound_released'; readonly session: string; readonly messageId: number }
  /** PUBREC is due for an inbound QoS 2 publish that is no reading. */
  | { readonly kind: 'inbound_taken'; readonly session: string; readonly messageId: number }
  /** Alarms of records up to here are told: what of it is to be kept for sessions comes before this. */
  | { readonly kind: 'alarms_told'; readonly recordsSeq: number }

/** All that the broker keeps, as a start finds it; the queue in the order in which it was filled. */
export interface BrokerState {
  readonly sessions: readonly StoredSession[]
  readonly queue: readonly QueuedMessage[]
  readonly retained: readonly { readonly topic: string; readonly packet: Uint8Array }[]
  readonly wills: readonly StoredWill[]
  readonly unreleased: readonly { readonly session: string; readonly messageId: number }[]
  /** Alarms that were stored and not told before the stop, oldest first, and the last record that was looked at for them. */
  readonly untoldAlarms: { readonly alarms: readonly Alarm[]; readonly recordsSeq: number }
}

/** Every verdict of one commit as ready MQTT packets (QoS 0), for whoever subscribes to `verdict/#`. */
export interface VerdictPackets {
  readonly bytes: Uint8Array
  /** Where each stretch of packets of one topic ends, in order. */
  readonly stretches: readonly { readonly topic: string; readonly end: number }[]
}
