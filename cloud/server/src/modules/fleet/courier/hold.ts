import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database, Transaction } from '../../../platform/db/database.ts'
import { courierDeskLimits } from './limits.ts'
import type { CourierFileRow } from './repository.ts'
import { letGo, renewLease, takeFile } from './work-repository.ts'
import type { Holder } from './work-repository.ts'

/** Nothing is wrong with the file: the program stops, or another process has it now. What has been applied stays. */
export class WorkEndedError extends Error {
  override name = 'WorkEndedError'
}

export interface HoldParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly isStopping: () => boolean
}

/** Three chances to say so again before others take this process for dead. */
const renewEveryMs = courierDeskLimits.leaseMs / 3

/** A file in the hands of this process, said again by a timer: a step may take longer than a lease, or wait for the line's edges. */
export class Hold {
  readonly tenantId: string
  /** As it stood when it was taken. */
  readonly file: CourierFileRow
  readonly #parts: HoldParts
  readonly #holder: Holder
  #cancel: () => void = () => undefined
  #isLost = false
  #isOver = false

  private constructor(parts: HoldParts, tenantId: string, file: CourierFileRow, holder: Holder) {
    this.#parts = parts
    this.tenantId = tenantId
    this.file = file
    this.#holder = holder
    this.#renewLater()
  }

  /** Null when another process works on the file. */
  static async take(parts: HoldParts, tenantId: string, holder: Holder): Promise<Hold | null> {
    const file = await parts.database.withTenant(tenantId, (tx) => takeFile(tx, holder))
    return file === null ? null : new Hold(parts, tenantId, file, holder)
  }

  /** To be asked before each step. @throws WorkEndedError */
  goOn(): void {
    if (this.#isLost || this.#parts.isStopping()) throw new WorkEndedError('the work on the courier file has ended')
  }

  /** Writes what has become of the file, in one transaction. @throws WorkEndedError when it is another's by now */
  async write(change: (tx: Transaction, holder: Holder) => Promise<boolean>): Promise<void> {
    const isHeld = await this.#parts.database.withTenant(this.tenantId, (tx) => change(tx, this.#holder))
    if (isHeld) return
    this.#isLost = true
    throw new WorkEndedError('another process works on the courier file')
  }

  /** Others need not wait for the lease to end. */
  async end(): Promise<void> {
    this.#isOver = true
    this.#cancel()
    const { database, log } = this.#parts
    try {
      await database.withTenant(this.tenantId, (tx) => letGo(tx, this.#holder))
    } catch (error) {
      log.warn(
        { action: 'courier.let_go', file: this.file.file_id, success: false },
        `the courier file is free in a minute: ${describeError(error)}`,
      )
    }
  }

  #renewLater(): void {
    this.#cancel = this.#parts.clock.after(renewEveryMs, () => void this.#renew())
  }

  async #renew(): Promise<void> {
    const { database, log } = this.#parts
    try {
      const isHeld = await database.withTenant(this.tenantId, (tx) => renewLease(tx, this.#holder))
      if (!isHeld) this.#isLost = true
    } catch (error) {
      log.warn({ action: 'courier.renew', file: this.file.file_id, success: false }, describeError(error))
    }
    if (!this.#isOver && !this.#isLost) this.#renewLater()
  }
}
