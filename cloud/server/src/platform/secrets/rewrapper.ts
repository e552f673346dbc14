import { describeError } from '@jidoka/base'
import type { Envelope, MasterKeys } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import { tenantsAndUnreached } from '../db/tenants.ts'
import type { SealedRow, SealedTable } from './repository.ts'
import { countOfOtherKeys, replaceSealed, rowsOfOtherKeys, sealedTables } from './repository.ts'
import type { SecretMetrics } from './secret-metrics.ts'

/** Rows that are read, wrapped anew and written in one go: few enough that a crash repeats little, and that a put waits for none of them. */
export const rewrapBatchRows = 50
/** At once, where the keys lie on another machine. */
const wrapsMax = 8
/** Rows that could not be done are named up to here; the rest is a number. */
const problemsMax = 20

export interface RewrapReport {
  readonly activeKeyId: string
  readonly rewrapped: number
  readonly failed: number
  /** `<tenant> <table> <row>: <why>`, of the first that failed. */
  readonly problems: readonly string[]
  /** Databases that did not answer: what is sealed there is as it was. */
  readonly unreached: readonly string[]
  /** False when it was told to stop before the end. */
  readonly isWhole: boolean
}

export interface RewrapperParts {
  readonly database: Database
  readonly envelope: Envelope
  readonly masterKeys: MasterKeys
  readonly metrics: SecretMetrics
}

/**
 * After a rotation: wraps the data keys of everything that is sealed by an older master key with the one that is active. The secrets themselves
 * are not opened. A row says which key seals it, so a run that was ended anywhere is gone on with by the next, from any process.
 */
export class Rewrapper {
  readonly #parts: RewrapperParts

  constructor(parts: RewrapperParts) {
    this.#parts = parts
  }

  /** All tenants. @param told called after each batch. @throws SecretError when the source of master keys cannot be asked */
  async run(told: (rewrapped: number) => void = () => undefined, signal?: AbortSignal): Promise<RewrapReport> {
    const { database, masterKeys, metrics } = this.#parts
    const activeKeyId = await masterKeys.activeKeyId()
    const problems: string[] = []
    let rewrapped = 0
    let failed = 0
    let left = 0
    const { tenants, unreached } = await tenantsAndUnreached(database)
    for (const tenantId of tenants) {
      for (const table of sealedTables) {
        for (let after: string | null = table.beforeAll; after !== null;) {
          if (signal?.aborted === true) return { activeKeyId, rewrapped, failed, problems, unreached, isWhole: false }
          const batch = await this.#batch(tenantId, table, activeKeyId, after)
          rewrapped += batch.rewrapped
          metrics.rewrapped.inc(batch.rewrapped)
          failed += batch.problems.length
          problems.push(...batch.problems.slice(0, problemsMax - problems.length))
          if (batch.rewrapped > 0) told(rewrapped)
          after = batch.last
        }
      }
      left += await database.withTenant(tenantId, (tx) => countOfOtherKeys(tx, activeKeyId))
    }
    // Less than there is would have somebody take away a key that is needed.
    if (unreached.length === 0) metrics.onOldKeys.set(left)
    metrics.unopened.set(failed)
    return { activeKeyId, rewrapped, failed, problems, unreached, isWhole: true }
  }

  async #batch(tenantId: string, table: SealedTable, activeKeyId: string, after: string) {
    const { database, envelope } = this.#parts
    const rows = await database.withTenant(tenantId, (tx) =>
      rowsOfOtherKeys(tx, table, { activeKeyId, after, limit: rewrapBatchRows }),
    )
    const fresh: { row: SealedRow; bytes: Uint8Array; keyId: string }[] = []
    const problems: string[] = []
    for (let at = 0; at < rows.length; at += wrapsMax) {
      await Promise.all(
        rows.slice(at, at + wrapsMax).map(async (row) => {
          try {
            const place = { tenant: tenantId, purpose: row.purpose, id: row.id }
            fresh.push({ row, ...(await envelope.rewrap(row.sealed, place)) })
          } catch (error) {
            problems.push(`${tenantId} ${table.name} ${row.id}: ${describeError(error)}`)
          }
        }),
      )
    }
    let rewrapped = 0
    if (fresh.length > 0)
      await database.withTenant(tenantId, async (tx) => {
        // Counted anew when the transaction is repeated.
        rewrapped = 0
        for (const { row, ...sealed } of fresh) if (await replaceSealed(tx, table, row, sealed)) rewrapped++
      })
    return { rewrapped, problems, last: rows.length < rewrapBatchRows ? null : (rows.at(-1)?.id ?? null) }
  }
}
