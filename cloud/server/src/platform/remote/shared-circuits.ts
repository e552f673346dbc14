import { describeError } from '@jidoka/base'
import type { Clock, Log } from '@jidoka/base'
import { z } from 'zod'
import type { RedisLink } from '../redis/link.ts'
import { remoteLimits } from './limits.ts'

const openSchema = z.object({ state: z.literal('open'), at_ms: z.number().int() })

/** What processes tell each other of a circuit; all of it may fail or be lost, each then finds out for itself. */
export interface SharedCircuit {
  tellOpen(): void
  tellClosed(): void
  /** How long ago it was opened; null when nobody says that it is; undefined when that is not known. */
  openForMs(): Promise<number | null | undefined>
}

/** `circuit:{service}:{node_id}` in Redis: deleting it resets the circuit in every process within a second. */
export class RedisCircuit implements SharedCircuit {
  readonly #link: RedisLink
  readonly #clock: Clock
  readonly #log: Log
  readonly #key: string

  /** @param node of the address that is called, so that one bad node of two opens its own circuit alone */
  constructor({
    link,
    clock,
    log,
    service,
    node,
  }: {
    link: RedisLink
    clock: Clock
    log: Log
    service: string
    node: string
  }) {
    this.#link = link
    this.#clock = clock
    this.#log = log
    this.#key = `circuit:${service}:${node}`
  }

  tellOpen(): void {
    const value = JSON.stringify({ state: 'open', at_ms: this.#clock.nowMs() })
    this.#send(() => this.#link.commands.set(this.#key, value, 'PX', remoteLimits.circuitKeptMs))
  }

  tellClosed(): void {
    this.#send(() => this.#link.commands.del(this.#key))
  }

  async openForMs(): Promise<number | null | undefined> {
    if (!this.#link.isUp) return undefined
    try {
      const text = await this.#link.commands.get(this.#key)
      if (text === null) return null
      const { at_ms: atMs } = openSchema.parse(JSON.parse(text))
      return Math.min(Math.max(0, this.#clock.nowMs() - atMs), remoteLimits.circuitOpenMs)
    } catch (error) {
      this.#log.debug({ action: 'circuit.read', success: false }, describeError(error))
      return undefined
    }
  }

  #send(command: () => Promise<unknown>): void {
    if (!this.#link.isUp) return
    command().catch((error: unknown) =>
      this.#log.debug({ action: 'circuit.tell', success: false }, describeError(error)),
    )
  }
}
