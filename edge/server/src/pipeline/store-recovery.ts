import type { Keeper } from '../keeping/keeper.ts'
import type { Committed } from '../ports.ts'
import { StoreProblemError, toStoreProblem } from '../store/errors.ts'
import type { JournalWriter } from '../store/journal-writer.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { CommitDraft } from './commit-draft.ts'

const recoveryLimits = {
  /** Bytes that a probe writes to see whether the disk takes a flight again. */
  probeBytes: 256 * 1024,
  /** Steps of making room on a full disk before it is tried again: some 500 files, or 128 MiB of rows. */
  roomStepsMax: 32,
} as const

/** What the journal does while the store cannot write: it says so where it can, makes room, and looks when it is over. */
export class StoreRecovery {
  readonly #keeper: Keeper
  readonly #writer: JournalWriter
  readonly #checkpoint: Checkpoint
  readonly #commit: (work: (draft: CommitDraft) => void) => Committed | null

  constructor(options: {
    readonly keeper: Keeper
    readonly writer: JournalWriter
    readonly checkpoint: Checkpoint
    /** A commit of this work alone, and what is to be told of it. @throws StoreProblemError */
    readonly commit: (work: (draft: CommitDraft) => void) => Committed | null
  }) {
    this.#keeper = options.keeper
    this.#writer = options.writer
    this.#checkpoint = options.checkpoint
    this.#commit = options.commit
  }

  /** A commit has failed: gives up the reserve where that helps, and records that the store is full. Null when even that cannot be written. */
  troubled(problem: StoreProblemError): Committed | null {
    this.#keeper.troubled(problem)
    const record = this.#keeper.troubleToRecord()
    if (record === null) return null
    try {
      const committed = this.#commit((draft) => draft.record(record))
      this.#keeper.troubleIsRecorded()
      return committed
    } catch (error) {
      if (error instanceof StoreProblemError) return null
      throw error
    }
  }

  /**
   * After a failure: makes room where rows may go, and looks whether the disk takes data again. `tell` gets each commit.
   * @throws StoreProblemError while it does not
   */
  recover(tell: (committed: Committed) => void): void {
    const commit = (work: (draft: CommitDraft) => void) => {
      const committed = this.#commit(work)
      if (committed !== null) tell(committed)
    }
    for (let step = 0; step < recoveryLimits.roomStepsMax; step++) {
      const drops = this.#keeper.makeRoom(this.#checkpoint.settledSeq)
      if (drops === null) break
      commit((draft) => this.#keeper.carryOut(drops, draft.nowMs, (record) => draft.record(record)))
      this.#keeper.finish(drops)
    }
    this.probe()
    this.#keeper.mustHaveRoom()
    commit((draft) => this.#keeper.resumed((record) => draft.record(record)))
    this.#keeper.resumedIsRecorded()
  }

  /** Whether the disk takes data again. @throws StoreProblemError */
  probe(): void {
    try {
      this.#writer.probe(recoveryLimits.probeBytes)
    } catch (error) {
      throw toStoreProblem(error) ?? error
    }
  }
}
