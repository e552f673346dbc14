import type { VerdictPackets } from '../ports.ts'
import type { BrokerLimits } from './limits.ts'
import type { Session } from './session.ts'
import type { SessionTable } from './session-table.ts'
import { coversAllBelow } from './topics.ts'

const rememberedTopicsMax = 10_000

/**
 * Writes the verdicts of a commit to those who read `verdict/#`: one buffer as it came from the journal's thread for a
 * reader of all, a piece of it for a reader of some. A reader that does not keep up is disconnected: it could not know
 * which verdicts it has missed.
 */
export class VerdictStream {
  readonly #sessions: SessionTable
  readonly #limits: BrokerLimits
  readonly #onSlow: (session: Session) => void
  /** Who reads a topic, until a subscription changes. */
  #readers = new Map<string, readonly Session[]>()
  #generation = -1

  constructor(options: {
    readonly sessions: SessionTable
    readonly limits: BrokerLimits
    readonly onSlow: (session: Session) => void
  }) {
    this.#sessions = options.sessions
    this.#limits = options.limits
    this.#onSlow = options.onSlow
  }

  publish({ bytes, stretches }: VerdictPackets): void {
    const { tree } = this.#sessions
    if (tree.generation !== this.#generation || this.#readers.size > rememberedTopicsMax) {
      this.#readers = new Map()
      this.#generation = tree.generation
    }
    const whole = new Set<Session>()
    const pieces = new Map<Session, { from: number; to: number }>()
    let from = 0
    for (const { topic, end } of stretches) {
      for (const session of this.#readersOf(topic)) {
        if (whole.has(session) || session.receiver === null) continue
        if ([...session.subscriptions.keys()].some((filter) => coversAllBelow(filter, 'verdict'))) {
          whole.add(session)
          continue
        }
        const piece = pieces.get(session)
        if (piece?.to === from) piece.to = end
        else {
          if (piece !== undefined) this.#send(session, bytes.subarray(piece.from, piece.to))
          pieces.set(session, { from, to: end })
        }
      }
      from = end
    }
    for (const session of whole) this.#send(session, bytes)
    for (const [session, piece] of pieces) this.#send(session, bytes.subarray(piece.from, piece.to))
  }

  #readersOf(topic: string): readonly Session[] {
    let readers = this.#readers.get(topic)
    if (readers === undefined) {
      readers = [...this.#sessions.tree.match(topic).keys()]
      this.#readers.set(topic, readers)
    }
    return readers
  }

  #send(session: Session, bytes: Uint8Array): void {
    const { receiver } = session
    if (receiver === null) return
    receiver.send(bytes)
    if (receiver.waitingBytes > this.#limits.verdictBytesMax) this.#onSlow(session)
  }
}
