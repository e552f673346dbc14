import { randomUUID } from 'node:crypto'
import type { Clock, Log } from '@jidoka/base'
import { describeError, OperationalError } from '@jidoka/base'
import type { Pool } from 'pg'
import { tenancyLimits } from './limits.ts'
import type { MoveChanges, MoveRow } from './move-repository.ts'
import { leaseMove, noteMove } from './move-repository.ts'
import { MoverReplacedError } from './transfer.ts'

/** Somebody has asked for the end of the move. */
export class CancelAskedError extends OperationalError {
  override name = 'CancelAskedError'
}

/** Who watches a move that this program works on. */
export interface Watcher {
  /** Aborted: the move stops where it is, and can be gone on with. */
  readonly signal?: AbortSignal
  readonly progress?: (
    move: Pick<MoveRow, 'step' | 'tables_done' | 'tables_total' | 'rows_copied' | 'rows_verified'>,
  ) => void
}

/** The program that works on a move shall stop. */
export class MoverStoppedError extends OperationalError {
  override name = 'MoverStoppedError'
}

/** One program works on a move; its lease says so, and what it writes down goes with it. */
export class MoverLease {
  readonly id: string
  readonly mover: string
  readonly #main: Pool
  readonly #clock: Clock
  readonly #log: Log
  #over: OperationalError | null = null
  #mayBeCancelled = true
  readonly #watcher: Watcher
  #cancelBeat: () => void = () => undefined
  #beating: Promise<void> = Promise.resolve()

  private constructor(
    main: Pool,
    id: string,
    mover: string,
    { clock, log, watcher }: { clock: Clock; log: Log; watcher: Watcher },
  ) {
    this.#watcher = watcher
    this.#main = main
    this.id = id
    this.mover = mover
    this.#clock = clock
    this.#log = log
  }

  /** @throws OperationalError while another program works on it */
  static async take(
    main: Pool,
    id: string,
    parts: { clock: Clock; log: Log; watcher: Watcher },
  ): Promise<{ lease: MoverLease; move: MoveRow }> {
    const lease = new MoverLease(main, id, randomUUID(), parts)
    const nowMs = parts.clock.nowMs()
    const move = await leaseMove(main, id, {
      mover: lease.mover,
      now: instant(nowMs),
      until: instant(nowMs + tenancyLimits.leaseMs),
    })
    if (move === null)
      throw new OperationalError(
        `Another program works on this move. Should it have died, its lease ends within ${tenancyLimits.leaseMs / 1_000} s: try again then.`,
      )
    lease.#beatLater()
    return { lease, move }
  }

  /** To be asked where a move may end, also within a transaction. @throws CancelAskedError, MoverReplacedError */
  check(): void {
    if (this.#watcher.signal?.aborted === true && this.#mayBeCancelled)
      throw new MoverStoppedError('The program stops; the move is gone on with where it is.')
    if (this.#over !== null) throw this.#over
  }

  /** From here on it is too late. */
  keepOn(): void {
    this.#mayBeCancelled = false
    if (this.#over instanceof CancelAskedError) this.#over = null
  }

  /** Not within a transaction, which may hold the only connection there is. @throws CancelAskedError, MoverReplacedError */
  async note(changes: MoveChanges): Promise<void> {
    await this.#write(changes, instant(this.#clock.nowMs() + tenancyLimits.leaseMs))
    this.check()
  }

  async release(changes: MoveChanges): Promise<void> {
    this.#cancelBeat()
    await this.#beating
    await this.#write(changes, null)
  }

  async #write(changes: MoveChanges, until: string | null): Promise<void> {
    const move = await noteMove(this.#main, this.id, { mover: this.mover, until, changes })
    if (move !== null) this.#watcher.progress?.(move)
    if (move === null)
      this.#over = new MoverReplacedError('Another program goes on with this move. Look at: tenant status')
    else if (move.cancel_asked && this.#mayBeCancelled) this.#over ??= new CancelAskedError('The move was cancelled.')
  }

  #beatLater(): void {
    this.#cancelBeat = this.#clock.after(tenancyLimits.leaseMs / 3, () => {
      this.#beating = this.#write({}, instant(this.#clock.nowMs() + tenancyLimits.leaseMs)).catch((error: unknown) =>
        this.#log.warn({ action: 'tenant.move', success: false }, describeError(error)),
      )
      this.#beatLater()
    })
  }
}

export const instant = (ms: number): string => new Date(ms).toISOString()
