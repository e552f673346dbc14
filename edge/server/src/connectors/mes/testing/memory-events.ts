import type { FactoryEvent } from '@jidoka/domain'
import type { ConnectorPosition } from '../../../ports.ts'

/** The journal's promise for events and nothing else: an event with its key is stored once, in one step with the position. */
export class MemoryEvents {
  readonly stored = new Map<string, FactoryEvent>()
  position: string | null = null
  /** Every hand-over, repeats included. */
  handedOn = 0
  failNext: Error | null = null
  readonly #listeners = new Set<() => void>()

  recordEvents(events: readonly FactoryEvent[], position: ConnectorPosition): Promise<{ stored: number }> {
    if (this.failNext) {
      const error = this.failNext
      this.failNext = null
      return Promise.reject(error)
    }
    const before = this.stored.size
    this.handedOn += events.length
    for (const event of events)
      if (!this.stored.has(`${event.source} ${event.source_key}`))
        this.stored.set(`${event.source} ${event.source_key}`, event)
    this.position = position.position
    for (const listener of this.#listeners) listener()
    return Promise.resolve({ stored: this.stored.size - before })
  }

  connectorPosition(): string | null {
    return this.position
  }

  of<Type extends FactoryEvent['type']>(type: Type): Extract<FactoryEvent, { type: Type }>[] {
    return [...this.stored.values()].filter(
      (event): event is Extract<FactoryEvent, { type: Type }> => event.type === type,
    )
  }

  /** Resolves when the condition holds after some hand-over. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!holds()) return
        this.#listeners.delete(check)
        resolve()
      }
      this.#listeners.add(check)
      check()
    })
  }
}
