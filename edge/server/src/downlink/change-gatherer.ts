import { desiredKinds } from '@jidoka/domain'
import type { DesiredItem, DesiredKind } from '@jidoka/domain'
import { parseDesiredRow } from '@jidoka/sync-protocol'
import type { DesiredChange, DesiredPosition, UnreadableItem } from '../ports.ts'
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
  | { readonly unreadable: UnreadableItem }

/**
 * Gathers the messages of a shape into one change that is applied whole: the last word on each item counts, and nothing
 * is handed on before the server says that this is all there is at present. What a newer cloud wrote and this program cannot
 * read is handed on by name, so that what stands in its place is kept.
 */
export class ChangeGatherer {
  readonly #edgeId: string
  readonly #onRefused: (problem: string) => void
  readonly #slots = new Map<string, Slot>()
  /** True from the start of a snapshot: what it does not hold is to go. */
  #replaceAll: boolean
  /** True until something of the cloud is in force: so far there is nothing, or the starter. */
  #isNew: boolean
  /** Rows of which not even the name could be read. */
  #unnamedCount = 0

  constructor(options: {
    readonly edgeId: string
    readonly fromStart: boolean
    /** Nothing of the cloud is in force yet. */
    readonly isNew: boolean
    /** Told of what cannot be reported to the cloud, since it has no name that both know. */
    readonly onRefused: (problem: string) => void
  }) {
    this.#edgeId = options.edgeId
    this.#onRefused = options.onRefused
    this.#replaceAll = options.fromStart
    this.#isNew = options.isNew
  }

  /** Takes messages; returns true when they make a whole. */
  take(messages: readonly ShapeMessage[]): boolean {
    let isWhole = false
    for (const message of messages) {
      const { control, operation } = message.headers
      if (control === 'must-refetch') {
        this.#slots.clear()
        this.#replaceAll = true
        this.#unnamedCount = 0
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
      unreadable: slots.flatMap((slot) => ('unreadable' in slot ? [slot.unreadable] : [])),
      unnamedCount: this.#unnamedCount,
      // A row without a name may be any of those that stand.
      replaceAll: this.#replaceAll && this.#unnamedCount === 0 && !this.#leavesStarter,
      position,
    }
  }

  settle(): void {
    const isSnapshotOver = !this.#isNothing || this.#unnamedCount > 0
    if (isSnapshotOver && !this.#leavesStarter) {
      this.#replaceAll = false
      this.#isNew = false
    }
    this.#slots.clear()
    this.#unnamedCount = 0
  }

  /**
   * An empty whole is a change only as a snapshot: everything was taken back meanwhile. But a cloud that wants nothing yet
   * does not take away what the appliance was started with, and rows that could not be read are not rows that are gone.
   */
  get #isNothing(): boolean {
    return this.#slots.size === 0 && (!this.#replaceAll || this.#isNew || this.#unnamedCount > 0)
  }

  /** Nothing of the cloud is in force yet, and nothing that it wants can be read: better the starter than nothing. */
  get #leavesStarter(): boolean {
    return this.#isNew && ![...this.#slots.values()].some((slot) => 'upsert' in slot)
  }

  #takeRow(operation: string, value: unknown): void {
    const row = parseDesiredRow(value)
    if (row.kind === 'refused') {
      this.#takeUnreadable(operation, row.item, row.problem)
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

  #takeUnreadable(operation: string, item: Omit<UnreadableItem, 'problem'> | null, problem: string): void {
    if (item === null) {
      this.#unnamedCount++
      this.#onRefused(problem)
      return
    }
    const { key, version } = item
    const kind = desiredKinds.find((known) => known === item.kind)
    if (kind === undefined)
      this.#onRefused(
        `This program does not know desired items of the kind "${item.kind}" ("${key}"). Upgrade the appliance.`,
      )
    // Its name is enough to take it back.
    if (operation === 'delete') {
      if (kind === undefined) this.#slots.delete(`${item.kind} ${key}`)
      else this.#slots.set(`${kind} ${key}`, { removal: { kind, key } })
      return
    }
    this.#slots.set(`${item.kind} ${key}`, { unreadable: { kind: item.kind, key, version, problem } })
  }
}
