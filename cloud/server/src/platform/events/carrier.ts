import type { Channel } from './channels.ts'
import type { StoredEvent } from './outbox-repository.ts'

/** What became of events that were to be handed on. Those in neither list were held back behind one of `failed` with the same subject. */
export interface Carried {
  readonly done: readonly StoredEvent[]
  readonly failed: readonly StoredEvent[]
}

/** Hands events on to whoever is to hear of them: in this process, or through Redis. */
export interface Carrier {
  readonly name: 'local' | 'redis'
  /** Channels whose consumers it reaches from here. */
  readonly channels: readonly Channel[]
  /** False while it makes no sense to take events for it. */
  readonly isUp: boolean
  /** `heard` is called when it is up again. */
  onUp(heard: () => void): void
  /** In the order given. @throws when nothing could be handed on, which is the fault of none of them. */
  carry(events: readonly StoredEvent[]): Promise<Carried>
}
