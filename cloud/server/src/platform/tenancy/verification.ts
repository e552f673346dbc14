import { createHash } from 'node:crypto'
import type { Backend } from '../db/backend.ts'
import { tenancyLimits } from './limits.ts'
import type { OwnerQuery } from './owner-transaction.ts'
import { asOwnerOf } from './owner-transaction.ts'
import type { TenantTable } from './tenant-tables.ts'
import { quoted } from './tenant-tables.ts'
import type { AfterKey } from './transfer.ts'
import { DifferentRowsError } from './transfer.ts'
import type { WordOrder } from './word-order.ts'

/** How far rows of both databases were held against each other, in the table and behind the key that stand there. */
export interface Verified {
  readonly rows: number
  /** Null: the table is done. */
  readonly after: AfterKey | null
}

interface VerificationParts {
  readonly target: Backend
  readonly tenant: string
  readonly words: WordOrder
  /** Rows of a range; fewer in a test. */
  readonly rangeRowsMax?: number | undefined
}

interface Range {
  readonly rows: number
  readonly sum: string
  readonly letters: number
  readonly last: AfterKey | null
}

/**
 * Holds the rows of a tenant in two databases against each other, range by range of their keys: each of bounded work, and without a gap between one and the next,
 * so that a row that is on one side alone is in some range. Ranges are those of the source, in an order that is the same in both.
 *
 * Of a table with a scope, ranges are those of what the scope names on the source. Rows of a stream that it lacks are in none, and come from nobody: the streams are
 * verified as a table of their own, their numbers are given once, and the move has begun on a target without a row of the tenant.
 */
export class Verification {
  readonly #parts: VerificationParts
  readonly #rangeRows = new Map<string, number>()

  constructor(parts: VerificationParts) {
    this.#parts = parts
  }

  /** The next range, and those of tables behind it with next to no rows, which are many. @param from the table, as its place among them, and where the range before has ended */
  async nextOf(
    source: OwnerQuery,
    tables: readonly TenantTable[],
    from: { readonly at: number; readonly after: AfterKey | null },
  ): Promise<Verified & { readonly at: number }> {
    let { at, after } = from
    let total = 0
    for (let table = tables[at]; table !== undefined && total < tenancyLimits.rangeRowsMin; table = tables[at]) {
      const { rows, after: end } = await this.next(source, table, after)
      total += rows
      after = end
      if (after !== null) break
      at++
    }
    return { at, after, rows: total }
  }

  /**
   * The next range of a table. To be called in a snapshot of the source in which everything noted has been taken over.
   * @param after where the one before has ended; null at the beginning of the table
   * @throws DifferentRowsError
   */
  async next(source: OwnerQuery, table: TenantTable, after: AfterKey | null): Promise<Verified> {
    const { scope } = table
    if (scope === null) return this.#range(source, table, after, null)
    // Of a scope alone: all of that one is done.
    const isWithin = after !== null && after.length > 1
    const within = isWithin ? (after[0] ?? null) : await this.#scopeBehind(source, scope, after?.[0] ?? null)
    if (within === null) return { rows: 0, after: null }
    const { rows, after: last } = await this.#range(source, table, isWithin ? after : null, within)
    return { rows, after: last ?? [within] }
  }

  async #scopeBehind(
    source: OwnerQuery,
    scope: NonNullable<TenantTable['scope']>,
    behind: string | null,
  ): Promise<string | null> {
    const column = `v.${quoted(scope.column)}`
    const [row] = await source<{ next: string | null }>(
      `select min(${column})::text as next from (${scope.values}) v where $2::text is null or ${column} > $2::bigint`,
      [this.#parts.tenant, behind],
    )
    return row?.next ?? null
  }

  async #range(
    source: OwnerQuery,
    table: TenantTable,
    after: AfterKey | null,
    within: string | null,
  ): Promise<Verified> {
    const { target, tenant, words } = this.#parts
    const most = this.#sizeOf(table)
    const here = await digestOf(source, table, { tenant, words, within, after, upTo: null, most })
    // Nothing of the source is behind a range that is not full, so nothing of the target may be.
    const upTo = here.rows < most ? null : here.last
    const there = await asOwnerOf(target, { tenant }, (query) =>
      digestOf(query, table, { tenant, words, within, after, upTo, most: null }),
    )
    if (here.rows !== there.rows || here.sum !== there.sum)
      throw new DifferentRowsError(
        `${table.name} has ${here.rows} rows on the source and ${there.rows} on the target, or others, ${spanOf(after, upTo)}. Cancel the move and begin it anew; should it come again, something else writes to one of the databases.`,
      )
    this.#fit(table, here)
    return { rows: here.rows, after: upTo }
  }

  #sizeOf({ name }: TenantTable): number {
    const { rangeRowsMax = tenancyLimits.rangeRowsMax } = this.#parts
    return Math.min(rangeRowsMax, this.#rangeRows.get(name) ?? tenancyLimits.rangeRowsMin)
  }

  /** The next range is as large as what one of so many letters had lets expect. */
  #fit(table: TenantTable, { rows, letters }: Range): void {
    if (rows === 0) return
    const { rangeRowsMin, rangeLetters } = tenancyLimits
    const fitting = Math.floor((rangeLetters / Math.max(1, letters)) * rows)
    this.#rangeRows.set(table.name, Math.max(rangeRowsMin, Math.min(fitting, this.#sizeOf(table) * 8)))
  }
}

const spanOf = (after: AfterKey | null, upTo: AfterKey | null): string =>
  `${after === null ? 'from the first' : `behind the key ${after.join(' ')}`} ${upTo === null ? 'on' : `up to the key ${upTo.join(' ')}`}`

/** Count and digest of the rows of a range, which are read once and by themselves. */
async function digestOf(
  query: OwnerQuery,
  table: TenantTable,
  {
    tenant,
    words,
    within,
    after,
    upTo,
    most,
  }: {
    tenant: string
    words: WordOrder
    within: string | null
    after: AfterKey | null
    upTo: AfterKey | null
    most: number | null
  },
): Promise<Range> {
  const values: unknown[] = [tenant]
  const at = (value: unknown) => `$${values.push(value)}`
  const parts = orderOf(table, words)
  const order = parts.map((part) => part.order).join(', ')
  const key = (values_: AfterKey) => values_.map((value, index) => `${at(value)}::${parts[index]?.type}`).join(', ')
  const conditions = [`t.${quoted(table.tenantColumn)} = $1`]
  if (within !== null) conditions.push(`t.${quoted(table.scope?.column ?? '')} = ${at(within)}::bigint`)
  if (after !== null) conditions.push(`(${order}) > (${key(after)})`)
  if (upTo !== null) conditions.push(`(${order}) <= (${key(upTo)})`)
  const limited = most === null ? '' : `order by ${order} limit ${at(most)}`
  const [found] = await query<Range>(
    `select count(*) as rows, coalesce(sum(hashtextextended(b.whole, 0)::numeric), 0)::text as sum, coalesce(sum(length(b.whole)), 0)::float8 as letters,
       (array_agg(b.key order by b.n desc))[1] as last
     from (select t::text as whole, ${most === null ? '0' : `row_number() over (order by ${order})`} as n,
             ${most === null ? 'null::jsonb' : `jsonb_build_array(${parts.map((part) => `${part.order}::text`).join(', ')})`} as key
           from ${table.name} t where ${conditions.join(' and ')} ${limited}) b`,
    values,
  )
  if (found === undefined) throw new Error(`nothing was counted in ${table.name}`)
  return found
}

interface KeyPart {
  readonly order: string
  readonly type: string
}

function orderOf({ key, tenantColumn }: TenantTable, words: WordOrder): readonly KeyPart[] {
  // The tenant is the same in all rows. In the order of words it would keep the index of the key from being used.
  const rest = key.filter(({ name }) => name !== tenantColumn)
  return (rest.length === 0 ? key : rest).map(({ name, type, nullable }) => {
    const column = `t.${quoted(name)}`
    // Words are in one order in every database when they are taken byte by byte, which sorts all of a tenant's rows for each range: done only where there is no
    // other order in common. Null equals null in such a key, and would be lost in a comparison.
    if (nullable) return { order: `coalesce(${column}::text, '') collate "C"`, type: 'text' }
    const isWords = type === 'text' || type.startsWith('character')
    if (!isWords) return { order: column, type }
    return { order: words === null ? `${column} collate "C"` : column, type: 'text' }
  })
}

/** What is verified of some tables, up to a key in some order, says nothing of others. */
export const digestOfTables = (tables: readonly TenantTable[], words: WordOrder): string =>
  createHash('sha256')
    .update(JSON.stringify([tables, words]))
    .digest('hex')
    .slice(0, 32)
