import { OperationalError } from '@jidoka/base'
import type { Client } from 'aedes'
import type { Inbound, Pipeline } from '../ports.ts'
import { StoreProblemError } from '../store/errors.ts'

interface Held {
  readonly message: Inbound
  readonly done: (error: Error | null) => void
}

/**
 * Messages that the store could not take. They get no PUBACK and stay here, so that their publishers' windows fill and
 * their sockets are no longer read; when the store works again they go on in their order. What a client that left has
 * here is given up: it was never acknowledged, and the client sends it again.
 */
export class HeldMessages {
  readonly #pipeline: Pick<Pipeline, 'ingest'>
  readonly #byClient = new Map<Client | null, Held[]>()
  #count = 0

  constructor(pipeline: Pick<Pipeline, 'ingest'>) {
    this.#pipeline = pipeline
  }

  get count(): number {
    return this.#count
  }

  /** Stores a message; a failing store holds it back. `done` gets an error only for what waiting cannot mend. */
  ingest(client: Client | null, message: Inbound, done: (error: Error | null) => void): void {
    // Behind what is held already: the store may work again before that is released, and would take this one first [MQTT-4.6.0-2].
    if (message.qos > 0 && this.#byClient.has(client)) {
      this.#hold(client, message, done)
      return
    }
    this.#pipeline.ingest(message, (error) => {
      if (error instanceof StoreProblemError && message.qos > 0) this.#hold(client, message, done)
      else done(error)
    })
  }

  release(): void {
    const all = [...this.#byClient]
    this.#byClient.clear()
    this.#count = 0
    for (const [client, held] of all) {
      for (const { message, done } of held)
        if (client?.closed === true) done(gone())
        else this.ingest(client, message, done)
    }
  }

  #hold(client: Client | null, message: Inbound, done: Held['done']): void {
    if (client?.closed === true) return done(gone())
    const held = this.#byClient.get(client)
    // The payload is a view into what was read from the socket, which is kept alive by it: a copy of its own is smaller.
    const own = { message: { ...message, payload: Uint8Array.from(message.payload) }, done }
    if (held === undefined) this.#byClient.set(client, [own])
    else held.push(own)
    this.#count++
  }

  forget(client: Client): void {
    const held = this.#byClient.get(client)
    if (held === undefined) return
    this.#count -= held.length
    this.#byClient.delete(client)
    for (const { done } of held) done(gone())
  }
}

const gone = () =>
  new OperationalError('The client left before its message was stored. It sends it again when it comes back.')
