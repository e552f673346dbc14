import type { DesiredItem, DesiredKind } from '@jidoka/domain'
import { parseDesiredRow } from '@jidoka/sync-protocol'
import type { DesiredChange, DesiredPosition } from '../ports.ts'
import { downlinkLimits } from './limits.ts'

/** The messages of a shape as far as they matter here; Electric's client has more. */
export interface ShapeMessage {
  readonly headers: { readonly control?: string; readonly operation?: string }
  readonly key?: string
  readonly value?: unknown
}

type Slot =
  | { readonly upsert: DesiredItem }
  | { readonly removal: { readonly kind: DesiredKind; readonly key: string } }

/**
 * Gathers the messages of a shape into one change that is applied whole: the last word on each item counts, and nothing
 * is handed on before the server says that this is all there is at present.
 */
export class ChangeGatherer {
  readonly #edgeId: string
  readonly #onRefused: (problem: string) => void
  readonly #slots = new Map<string, Slot>()
  /** True from the start of a snapshot: what it does not hold is to go. */
  #replaceAll: boolean
  /** True until something of the cloud is in force: so far there is nothing, or the starter. */
  #isNew: boolean
  #hasRefused = false

  constructor(options: {
    readonly edgeId: string
    readonly fromStart: boolean
    readonly onRefused: (problem: string) => void
  }) {
    this.#edgeId = options.edgeId
    this.#onRefused = options.onRefused
    this.#replaceAll = options.fromStart
    this.#isNew = options.fromStart
  }

  /** Takes messages; returns true when they make a whole. */
  take(messages: readonly ShapeMessage[]): boolean {
    let isWhole = false
    for (const message of messages) {
      const { control, operation } = message.headers
      if (control === 'must-refetch') {
        this.#slots.clear()
        this.#replaceAll = true
        this.#hasRefused = false
        isWhole = false
      } else if (control === 'up-to-date') {
        isWhole = true
      } else if (operation !== undefined) {
        this.#takeRow(operation, message.value)
        isWhole = false
      }
    }
    if (this.#slots.size > downlinkLimits.changesMax)
      throw new RangeError(`more than ${downlinkLimits.changesMax} changes of the desired state at once`)
    return isWhole
  }

  /** What has been gathered, or null when there is nothing to do. `settle` forgets it once it is applied. */
  change(position: DesiredPosition): DesiredChange | null {
    if (this.#isNothing) return null
    const slots = [...this.#slots.values()]
    return {
      upserts: slots.flatMap((slot) => ('upsert' in slot ? [slot.upsert] : [])),
      removals: slots.flatMap((slot) => ('removal' in slot ? [slot.removal] : [])),
      replaceAll: this.#replaceAll,
      position,
    }
  }

  settle(): void {
    if (!this.#isNothing) {
      this.#replaceAll = false
      this.#isNew = false
    }
    this.#slots.clear()
  }

  /**
   * An empty whole is a change only as a snapshot: everything was taken back meanwhile. But a cloud that wants nothing yet
   * does not take away what the appliance was started with, and rows that could not be read are not rows that are gone.
   */
  get #isNothing(): boolean {
    return this.#slots.size === 0 && (!this.#replaceAll || this.#isNew || this.#hasRefused)
  }

  #takeRow(operation: string, value: unknown): void {
    const row = parseDesiredRow(value)
    if (row.kind === 'refused') {
      this.#hasRefused = true
      this.#onRefused(row.problem)
      return
    }
    if (row.edgeId !== this.#edgeId) {
      this.#onRefused(`A desired item of another appliance (${row.edgeId}) came over the line and was left aside.`)
      return
    }
    const { item } = row
    this.#slots.set(
      `${item.kind} ${item.key}`,
      operation === 'delete' ? { removal: { kind: item.kind, key: item.key } } : { upsert: item },
    )
  }
}
