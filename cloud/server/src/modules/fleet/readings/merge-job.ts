import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database } from '../../../platform/db/database.ts'
import { allTenantsOf } from '../../../platform/db/tenants.ts'
import { mergeNextTags } from './merge.ts'

/** A plant of 2,000 tags fills a range in half a minute: looked at three times meanwhile, so that small rows do not pile up. */
const mergeEveryMs = 10_000
/** Between two steps: whoever waits for the connection or the main thread has their turn. */
const breathMs = 20

/**
 * Ranges of a tenant that are passed over because they failed, until the next start or until so many others have failed since: a full disk fails
 * all of them, and is emptied again.
 */
const failedMax = 100

/** Merges ranges in the background, one after the other, for as long as there are any. */
export class ReadingsMerger implements Service {
  readonly name = 'readings-merge'
  readonly #database: Database
  readonly #clock: Clock
  readonly #log: Log
  #cancel: () => void = () => undefined
  #working: Promise<void> = Promise.resolve()
  #stopped = false
  readonly #failed = new Map<string, string[]>()

  constructor(parts: { database: Database; clock: Clock; log: Log }) {
    this.#database = parts.database
    this.#clock = parts.clock
    this.#log = parts.log
  }

  start(): Promise<void> {
    this.#again(mergeEveryMs)
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#working
  }

  #again(delayMs: number): void {
    if (this.#stopped) return
    this.#cancel = this.#clock.after(delayMs, () => {
      this.#working = this.step().then(
        (found) => this.#again(found ? breathMs : mergeEveryMs),
        (error: unknown) => {
          // Rows that are not merged are larger, not wrong; the next turn tries again.
          this.#log.error({ action: 'readings.merge', success: false }, describeError(error))
          this.#again(mergeEveryMs)
        },
      )
    })
  }

  /** One step for each tenant. Returns whether there was one. */
  async step(): Promise<boolean> {
    let found = false
    for (const tenantId of await allTenantsOf(this.#database)) {
      if (this.#stopped) return false
      if (await this.#stepOf(tenantId)) found = true
    }
    return found
  }

  /** What fails of one tenant keeps nobody else's rows from being merged, nor its own other ranges. */
  async #stepOf(tenantId: string): Promise<boolean> {
    const failed = this.#failed.get(tenantId) ?? []
    let range: string | null = null
    try {
      return await this.#database.withTenant(tenantId, (tx) => mergeNextTags(tx, failed, (name) => (range = name)))
    } catch (error) {
      if (range !== null) this.#failed.set(tenantId, [...failed, range].slice(-failedMax))
      // Rows that are not merged are larger, not wrong.
      this.#log.error({ action: 'readings.merge', success: false, tenant: tenantId, range }, describeError(error))
      return false
    }
  }
}
