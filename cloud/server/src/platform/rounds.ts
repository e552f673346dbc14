import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database } from './db/database.ts'
import { allTenantsOf } from './db/tenants.ts'

export interface RoundParts {
  readonly name: string
  readonly everyMs: number
  readonly clock: Clock
  /** One round. What it throws is for the next round to try again. */
  readonly work: () => Promise<void>
  readonly failed: (error: unknown) => void
}

/** Work that is done again and again, the next round so long after the end of the one before. */
export class Rounds implements Service {
  readonly name: string
  readonly #parts: RoundParts
  #cancel: () => void = () => undefined
  #working: Promise<void> = Promise.resolve()
  #isStopping = false

  constructor(parts: RoundParts) {
    this.name = parts.name
    this.#parts = parts
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  start(): Promise<void> {
    this.#again()
    return Promise.resolve()
  }

  /** Ends after the round in hand. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#cancel()
    await this.#working
  }

  #again(): void {
    if (this.#isStopping) return
    const { clock, everyMs, work, failed } = this.#parts
    this.#cancel = clock.after(everyMs, () => {
      this.#working = work()
        .catch(failed)
        .then(() => this.#again())
    })
  }
}

/** Does something for each tenant in turn. One that cannot be reached holds nobody else up: it is logged, and the next round tries it again. */
export async function forEachTenant(
  { database, log, action }: { readonly database: Database; readonly log: Log; readonly action: string },
  work: (tenantId: string) => Promise<void>,
  isStopping: () => boolean = () => false,
): Promise<void> {
  for (const tenantId of await allTenantsOf(database)) {
    if (isStopping()) return
    try {
      await work(tenantId)
    } catch (error) {
      log.error({ action, success: false, tenant: tenantId }, describeError(error))
    }
  }
}
