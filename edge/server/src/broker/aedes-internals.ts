import { Readable } from 'node:stream'
import type { Client } from 'aedes'

/**
 * What we touch of aedes 1.2 beyond its types, in one place; `aedes-internals.test.ts` fails when an update moves it.
 * aedes keeps the connections: CONNECT and its answer, take-over, keep-alive, PING. Everything that carries a message is
 * read before its parser; see docs/adr/0015-sessions-of-our-own.md for the reasons.
 */
export interface AedesClientInternals {
  readonly _parser: { parse(bytes: Buffer): number }
  /** Null without keep-alive. */
  readonly _keepaliveTimer: NodeJS.Timeout | null
  /** Between `pause` and `resume`. */
  readonly _paused?: boolean
  /** Stops and resumes the reading of the socket. */
  pause(): void
  resume(): void
}

export const internalsOf = (client: Client): AedesClientInternals => client as unknown as AedesClientInternals

/** What aedes asks of its persistence between CONNECT and CONNACK. Messages, wills and retained ones never come to it. */
export interface ConnectPersistence {
  setup(): Promise<void>
  subscriptionsByClient(client: { readonly id: string }): Promise<readonly { topic: string; qos: 0 }[]>
  cleanSubscriptions(): Promise<void>
  cleanIncoming(): Promise<void>
  delWill(): Promise<void>
  streamWill(): Readable
  outgoingStream(): Readable
}

/**
 * aedes says that there is a session when it finds a subscription of it, so that one without any would not be told of.
 * One stands for the session, and `authorizeSubscribe` then denies it.
 */
export const connectPersistence = (hasSession: (clientId: string) => boolean): ConnectPersistence => ({
  setup: async () => {},
  subscriptionsByClient: async ({ id }) => (hasSession(id) ? [{ topic: 'session', qos: 0 }] : []),
  cleanSubscriptions: async () => {},
  cleanIncoming: async () => {},
  delWill: async () => {},
  streamWill: () => Readable.from([]),
  outgoingStream: () => Readable.from([]),
})
