import type { Clock } from '@jidoka/base'
import type { NewRecord, Policy } from '@jidoka/domain'
import { journalFile } from '../store/database.ts'
import type { Database } from '../store/database.ts'
import { fullError } from '../store/errors.ts'
import type { StoreProblemError } from '../store/errors.ts'
import { diskSpaceOf } from './disk-space.ts'
import type { DiskSpace } from './disk-space.ts'
import type { KeepingPolicy } from './policy.ts'
import { ReserveFile } from './reserve.ts'
import { Retention } from './retention.ts'
import type { DropStep, SettledSeq } from './retention.ts'
import { lowWaterBytes, roomOf } from './room.ts'
import { SetAside } from './set-aside.ts'
import type { Damage } from './set-aside.ts'
import { Trouble } from './trouble.ts'

export interface KeeperOptions {
  readonly database: Database
  readonly dataFolder: string
  readonly clock: Clock
  /** Absent: everything is kept, and no space is held in reserve. */
  readonly policy: KeepingPolicy | undefined
  /** Of the data folder's file system; tests say how it looks. */
  readonly space?: ((folder: string) => DiskSpace) | undefined
}

type Tell = (record: NewRecord) => void

/** How often a missing reserve is made again while all is well. */
const reserveEveryMs = 60_000

/** Keeps the journal within its disk: what goes by age and for space, the reserve, the full disk, and what is damaged. */
export class Keeper {
  readonly #options: KeeperOptions
  readonly #space: () => DiskSpace
  readonly #reserveMissingBytes: (space: DiskSpace) => number
  readonly #retention: Retention | null
  readonly #reserve: ReserveFile | null
  readonly #setAside: SetAside
  #trouble: Trouble | null = null
  #reserveAtMs = 0

  constructor(options: KeeperOptions) {
    const { dataFolder, policy } = options
    this.#options = options
    this.#space = () => (options.space ?? diskSpaceOf)(dataFolder)
    const reserve = policy === undefined ? null : new ReserveFile(dataFolder)
    this.#reserve = reserve
    this.#reserveMissingBytes = (space) => reserve?.missingBytes(space) ?? 0
    this.#retention =
      policy === undefined
        ? null
        : new Retention({ ...options, policy, space: this.#space, reserveMissingBytes: this.#reserveMissingBytes })
    this.#setAside = new SetAside(options.database, dataFolder)
    this.#reserve?.make(this.#space())
  }

  /** What goes now; null while nothing does. To be called every second. */
  due(settledSeq: SettledSeq): DropStep | null {
    this.#setAside.finish()
    const monotonicMs = this.#options.clock.monotonicMs()
    if (this.#reserve?.bytes === 0 && monotonicMs >= this.#reserveAtMs) {
      this.#reserve.make(this.#space())
      this.#reserveAtMs = monotonicMs + reserveEveryMs
    }
    return this.#retention?.plan(settledSeq) ?? null
  }

  /** What the cloud wants to be kept; it holds from the next step on. */
  desire(policy: Policy | null): void {
    this.#retention?.desire(policy)
  }

  carryOut(step: DropStep, nowMs: number, tell: Tell): void {
    this.#retention?.carryOut(step, nowMs, tell)
  }

  finish(step: DropStep): void {
    this.#retention?.finish(step)
  }

  /** Belongs into a commit. False when what was reported is whole, or gone already. */
  setAside(damage: Damage, nowMs: number, tell: Tell): boolean {
    return this.#setAside.carryOut(damage, nowMs, tell)
  }

  /** The store could not write: the reserve is given up, so that the appliance can say so and delete what must go. */
  troubled({ problem }: StoreProblemError): void {
    const space = this.#space()
    const { policy } = this.#options
    this.#trouble ??= new Trouble(problem, space.freeBytes, this.#now())
    // A disk with errors has no use for more space; one that is full may also answer as one with errors.
    const isFull = policy !== undefined && space.freeBytes < lowWaterBytes(space, policy)
    if (problem === 'full' || isFull) this.#reserve?.giveUp()
  }

  /** Its beginning, as long as that is not on disk. */
  troubleToRecord(): NewRecord | null {
    return this.#trouble === null || this.#trouble.isRecorded ? null : this.#trouble.began()
  }

  troubleIsRecorded(): void {
    if (this.#trouble !== null) this.#trouble.isRecorded = true
  }

  /** The next of what goes to make room on a full disk; null when there is room, or nothing left that may go. */
  makeRoom(settledSeq: SettledSeq): DropStep | null {
    return this.#retention?.plan(settledSeq, true) ?? null
  }

  /**
   * Whether there is room for more than the next commit: what the reserve has just given back is not for readings.
   * @throws StoreProblemError
   */
  mustHaveRoom(): void {
    const { policy, database, dataFolder } = this.#options
    if (policy === undefined) return
    const space = this.#space()
    const { shortBytes } = roomOf(database, journalFile(dataFolder), space, policy, this.#reserveMissingBytes(space))
    if (shortBytes > lowWaterBytes(space, policy) / 2) throw fullError(space.freeBytes)
  }

  /** The store writes again: the record that says how long it did not, and the reserve again where there is plenty of space. */
  resumed(tell: Tell): void {
    const trouble = this.#trouble
    if (trouble === null) return
    const space = this.#space()
    if (!trouble.isRecorded) tell(trouble.began())
    tell(trouble.ended(space.freeBytes, this.#now()))
  }

  /** After the commit of `resumed`. */
  resumedIsRecorded(): void {
    this.#trouble = null
    this.#reserve?.make(this.#space())
  }

  #now(): { readonly wallMs: number; readonly monotonicMs: number } {
    return { wallMs: this.#options.clock.nowMs(), monotonicMs: this.#options.clock.monotonicMs() }
  }
}
