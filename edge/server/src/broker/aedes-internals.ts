import type { Aedes, Client, PublishPacket } from 'aedes'
import { isSensorTopic } from './access.ts'

/**
 * What we touch of aedes 1.2 beyond its types, in one place; `aedes-internals.test.ts` fails when an update moves it.
 * aedes reads a socket only when every packet of the last read is done and writes a PUBACK of its own for each; both
 * cost more than all the rest of the way of a reading. The publish lane therefore stands before its parser.
 */
export interface AedesClientInternals {
  readonly _parser: { parse(bytes: Buffer): number }
  /** Null without keep-alive. */
  readonly _keepaliveTimer: NodeJS.Timeout | null
  /** Stops and resumes the reading of the socket. */
  pause(): void
  resume(): void
}

export const internalsOf = (client: Client): AedesClientInternals => client as unknown as AedesClientInternals

type Done = (error?: Error | null) => void

/** For a broker where nobody may subscribe to readings: aedes need not look for who might, nor retain them. */
export function keepReadingsIn(aedes: Aedes): void {
  const publish = aedes.publish.bind(aedes) as (...parameters: unknown[]) => void
  const publishOthers = (packet: PublishPacket, clientOrDone: unknown, done?: Done): void => {
    if (!isSensorTopic(packet.topic)) return publish(packet, clientOrDone, done)
    const finish = typeof clientOrDone === 'function' ? clientOrDone : done
    finish?.(null)
  }
  aedes.publish = publishOthers
}
