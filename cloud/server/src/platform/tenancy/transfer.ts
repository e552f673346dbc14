import { OperationalError } from '@jidoka/base'
import type { Backend } from '../db/backend.ts'
import { codeOf } from '../db/unavailable.ts'
import { tenancyLimits } from './limits.ts'
import type { OwnerQuery } from './owner-transaction.ts'
import { asOwnerOf } from './owner-transaction.ts'
import type { TenantTable } from './tenant-tables.ts'
import { isOfKey, quoted } from './tenant-tables.ts'

/** The key of a row, its values as texts; of a table with a scope also the first of them alone: everything of that one. */
export type AfterKey = readonly string[]

/** What the target holds is not what the source holds: nothing may be switched to it. */
export class DifferentRowsError extends OperationalError {
  override name = 'DifferentRowsError'
}

/** Another mover has taken the move over, or it was cancelled. */
export class MoverReplacedError extends OperationalError {
  override name = 'MoverReplacedError'
}

export interface Batch {
  readonly table: TenantTable
  /** Each row as a text, in one array. */
  readonly rows: string
  readonly count: number
  readonly last: AfterKey
  /** Whether nothing can come behind it. */
  readonly isEnd: boolean
}

export interface TransferParts {
  readonly source: Backend
  readonly target: Backend
  readonly tenant: string
  readonly mover: string
  readonly tables: readonly TenantTable[]
}

interface Change {
  readonly no: number
  readonly table_name: string
  readonly key: object
}

/** What a row's coming makes in another table here, which is taken away: that table is copied too. */
const undoings: Readonly<Record<string, string>> = {
  'audit.audit_logs':
    'delete from audit.unsealed where tenant_id = $1 and entry_id in (select r.id from unnest($2::audit.audit_logs[]) r)',
}

/** Carries rows of one tenant from one database to another. Whatever is done twice comes out the same. */
export class Transfer {
  readonly #parts: TransferParts
  readonly #batchRows = new Map<string, number>()
  /** Rows of a table that came to the target, and how many there are when both databases count them anew. */
  readonly #come = new Map<string, { rows: number; countedAt: number }>()

  constructor(parts: TransferParts) {
    this.#parts = parts
  }

  /** The next rows of a table behind a key; null at its end. */
  async next(source: OwnerQuery, table: TenantTable, after: AfterKey | null): Promise<Batch | null> {
    const { scope } = table
    if (scope === null) return this.#batch(source, table, { after, within: null })
    for (let within = after?.[0] ?? null; ;) {
      // Nothing is looked for behind the end that was seen: whoever writes there would be run after for ever, and has it noted.
      if (within !== null && !(after?.length === 1 && after[0] === within)) {
        const batch = await this.#batch(source, table, { after: after?.[0] === within ? after : null, within })
        if (batch !== null) return batch
      }
      const [row] = await source<{ next: string | null }>(
        `select min(v.${quoted(scope.column)})::text as next from (${scope.values}) v where $2::text is null or v.${quoted(scope.column)} > $2::bigint`,
        [this.#parts.tenant, within],
      )
      if (row === undefined || row.next === null) return null
      within = row.next
    }
  }

  async #batch(
    source: OwnerQuery,
    table: TenantTable,
    { after, within }: { after: AfterKey | null; within: string | null },
  ): Promise<Batch | null> {
    const limit = this.#sizeOf(table)
    const values: unknown[] = [this.#parts.tenant, limit]
    const at = (value: unknown) => `$${values.push(value)}`
    // Null equals null in such a key, and would be lost in a comparison.
    const parts = table.key.map(({ name, type, nullable }) => {
      const column = `t.${quoted(name)}`
      return nullable
        ? { order: `coalesce(${column}::text, '')`, type: 'text' }
        : { order: column, type: type.startsWith('character') ? 'text' : type }
    })
    const order = parts.map((part) => part.order).join(', ')
    const conditions = [`t.${quoted(table.tenantColumn)} = $1`]
    if (within !== null) conditions.push(`t.${quoted(table.scope?.column ?? '')} = ${at(within)}::bigint`)
    if (after !== null)
      conditions.push(`(${order}) > (${after.map((value, index) => `${at(value)}::${parts[index]?.type}`).join(', ')})`)
    const [found] = await source<{ rows: string; count: number; last: AfterKey | null }>(
      `select coalesce(array_agg(b.whole)::text, '{}') as rows, count(*)::int as count, (array_agg(b.key order by b.n))[count(*)] as last from (
         select t as whole, jsonb_build_array(${parts.map((part) => `${part.order}::text`).join(', ')}) as key, row_number() over (order by ${order}) as n
         from ${table.name} t where ${conditions.join(' and ')} order by ${order} limit $2) b`,
      values,
    )
    if (found === undefined || found.last === null) return null
    const { rows, count, last } = found
    this.#fit(table, count, rows.length)
    const isEnd = count < limit
    if (within === null) return { table, rows, count, last, isEnd }
    return { table, rows, count, last: isEnd ? [within] : last, isEnd: false }
  }

  /**
   * Rows are looked up by their keys as they change. A database that has never counted rows of this tenant expects none, and goes through all of them for each
   * key: minutes instead of milliseconds. Not within a transaction that others wait for.
   */
  async makeKnown(): Promise<void> {
    const { source, target, tenant } = this.#parts
    const { countedRowsMin, countedAgainAfter, countedAgainWhereBusy, watchWaitMsMax: lockWaitMs } = tenancyLimits
    for (const [name, come] of this.#come) {
      if (come.rows < Math.max(come.countedAt, countedRowsMin)) continue
      let isBusy = false
      for (const backend of [source, target])
        await asOwnerOf(backend, { tenant, lockWaitMs }, (query) => query(`analyze ${name}`)).catch((error) => {
          // Somebody builds an index of it, or counts it himself.
          if (!busyCodes.has(codeOf(error))) throw error
          isBusy = true
        })
      come.countedAt = come.rows * (isBusy ? countedAgainWhereBusy : countedAgainAfter)
    }
  }

  #sizeOf({ name }: TenantTable): number {
    return this.#batchRows.get(name) ?? tenancyLimits.batchRowsMin
  }

  #hasCome({ name }: TenantTable, rows: number): void {
    const come = this.#come.get(name)
    if (come === undefined) this.#come.set(name, { rows, countedAt: 0 })
    else come.rows += rows
  }

  /** The next batch of a table is as large as what one of so many letters had lets expect. */
  #fit(table: TenantTable, count: number, letters: number): void {
    const { batchRowsMin, batchRowsMax, batchLetters } = tenancyLimits
    const fitting = Math.round((batchLetters / letters) * count)
    const most = Math.min(batchRowsMax, this.#sizeOf(table) * 8)
    this.#batchRows.set(table.name, Math.max(batchRowsMin, Math.min(fitting, most)))
  }

  /**
   * Takes over, in one transaction of the target, what has changed in tables that are begun, and a batch. To be called within a snapshot of the source in
   * which the batch was read, and without one where nobody can write.
   * @param begun of these the target has rows; what changed in others is read when they are copied
   * @param leftMs for the answers of the target, where somebody waits for the end
   * @returns how many changes there were, and whether there are more
   */
  async takeOver(
    source: OwnerQuery,
    begun: readonly TenantTable[],
    batch: Batch | null,
    leftMs?: () => number,
  ): Promise<{ changes: number; isMore: boolean }> {
    const { tenant } = this.#parts
    const { changesMax } = tenancyLimits
    const changes = await source<Change>(
      'select no, table_name, key from jidoka.tenant_changes where tenant = $1 order by no limit $2',
      [tenant, changesMax],
    )
    if (changes.length === 0 && batch === null) return { changes: 0, isMore: false }
    const keys = keysByTable(changes)
    await this.onTarget(async (target) => {
      // Those that point to others go first, and come last.
      for (const table of begun.toReversed()) await this.#remove(source, target, table, keys.get(table.name) ?? [])
      for (const table of begun) {
        await this.#renew(source, target, table, keys.get(table.name) ?? [])
        if (batch?.table !== table) continue
        await this.#insert(target, table, batch.rows)
        this.#hasCome(table, batch.count)
      }
    }, leftMs)
    // In a snapshot these are those that were read: one that is committed meanwhile with a lower number is not seen, and stays.
    if (changes.length > 0)
      await source('delete from jidoka.tenant_changes where tenant = $1 and no <= $2', [tenant, changes.at(-1)?.no])
    return { changes: changes.length, isMore: changes.length === changesMax }
  }

  /**
   * One transaction of the target, as long as this mover is the one that may write there.
   * @param leftMs for its answers, where somebody waits for the end
   * @throws MoverReplacedError
   */
  onTarget<Result>(work: (target: OwnerQuery) => Promise<Result>, leftMs?: () => number): Promise<Result> {
    const { target, tenant, mover } = this.#parts
    return asOwnerOf(target, { tenant, ...(leftMs === undefined ? {} : { leftMs }) }, async (query) => {
      const [mine] = await query('select 1 from jidoka.tenant_fences where tenant = $1 and mover = $2 for update', [
        tenant,
        mover,
      ])
      if (mine === undefined)
        throw new MoverReplacedError(
          'Another program goes on with this move, or it was cancelled. Look at: tenant status',
        )
      return work(query)
    })
  }

  async #remove(source: OwnerQuery, target: OwnerQuery, table: TenantTable, keys: readonly object[]): Promise<void> {
    if (keys.length === 0) return
    const { tenant } = this.#parts
    const [row] = await source<{ gone: string }>(
      `select coalesce(jsonb_agg(e.key), '[]')::text as gone from jsonb_array_elements($2::jsonb) e(key)
       where not exists (select from jsonb_populate_record(null::${table.name}, e.key) k join ${table.name} t on ${isOfKey(table)} where t.${quoted(table.tenantColumn)} = $1)`,
      [tenant, JSON.stringify(keys)],
    )
    if (row === undefined || row.gone === '[]') return
    await target(
      `delete from ${table.name} t using jsonb_populate_recordset(null::${table.name}, $2::jsonb) k
       where t.${quoted(table.tenantColumn)} = $1 and ${isOfKey(table)}`,
      [tenant, row.gone],
    )
  }

  async #renew(source: OwnerQuery, target: OwnerQuery, table: TenantTable, keys: readonly object[]): Promise<void> {
    const text = (what: string) =>
      `select ${what} from ${table.name} t join jsonb_populate_recordset(null::${table.name}, $2::jsonb) k on ${isOfKey(table)}
       where t.${quoted(table.tenantColumn)} = $1`
    const written: { values: unknown[]; here: Digest }[] = []
    const waiting: string[] = []
    for (let from = 0, size = 0; from < keys.length; from += size) {
      size = this.#sizeOf(table)
      const values = [this.#parts.tenant, JSON.stringify(keys.slice(from, from + size))]
      const [here] = await source<{ rows: string } & Digest>(
        text(`coalesce(array_agg(t)::text, '{}') as rows, ${digest}`),
        values,
      )
      if (here === undefined || here.count === 0) continue
      this.#fit(table, here.count, here.rows.length)
      this.#hasCome(table, here.count)
      waiting.push(...(await this.#insertOrWait(target, table, here.rows)))
      written.push({ values, here: { count: here.count, sum: here.sum } })
    }
    await this.#insertWaiting(target, table, waiting)
    for (const { values, here } of written) {
      const [there] = await target<Digest>(text(digest), values)
      if (there?.count !== here.count || there.sum !== here.sum)
        throw new DifferentRowsError(
          `Rows of ${table.name} came out otherwise on the target than they are on the source. Cancel the move, and look for a trigger or a default on the target that the source does not have.`,
        )
    }
  }

  /** @returns rows that have a value which must be in one row alone, and which another row on the target has still: they come when that has changed */
  async #insertOrWait(target: OwnerQuery, table: TenantTable, rows: string): Promise<string[]> {
    if (await this.#isInserted(target, table, rows)) return []
    const each = await target<{ row: string }>(`select array[r]::text as row from unnest($1::${table.name}[]) r`, [
      rows,
    ])
    const waiting: string[] = []
    for (const { row } of each) if (!(await this.#isInserted(target, table, row))) waiting.push(row)
    return waiting
  }

  async #insertWaiting(target: OwnerQuery, table: TenantTable, waiting: readonly string[]): Promise<void> {
    for (let left = waiting; left.length > 0;) {
      const still: string[] = []
      for (const row of left) if (!(await this.#isInserted(target, table, row))) still.push(row)
      if (still.length === left.length)
        throw new DifferentRowsError(
          `Rows of ${table.name} cannot be written on the target: a value that must be in one row alone is in another row there already. Find that row (it may be another tenant's), then go on, or cancel the move.`,
        )
      left = still
    }
  }

  async #isInserted(target: OwnerQuery, table: TenantTable, rows: string): Promise<boolean> {
    await target('savepoint rows')
    try {
      await this.#insert(target, table, rows)
      await target('release savepoint rows')
      return true
    } catch (error) {
      if (codeOf(error) !== uniqueViolation) throw error
      await target('rollback to savepoint rows')
      return false
    }
  }

  async #insert(target: OwnerQuery, table: TenantTable, rows: string): Promise<void> {
    const { name, columns, key, identities, isChanged } = table
    const list = columns.map(quoted).join(', ')
    const keyNames = new Set(key.map((column) => column.name))
    const changed = columns.filter((column) => !keyNames.has(column) && !identities.includes(column))
    const onConflict =
      isChanged && changed.length > 0
        ? `do update set ${changed.map((column) => `${quoted(column)} = excluded.${quoted(column)}`).join(', ')}`
        : 'do nothing'
    await target(
      `insert into ${name} (${list}) overriding system value select ${list} from unnest($1::${name}[]) r
       on conflict (${[...keyNames].map(quoted).join(', ')}) ${onConflict}`,
      [rows],
    )
    const undoing = undoings[name]
    if (undoing !== undefined) await target(undoing, [this.#parts.tenant, rows])
  }
}

const uniqueViolation = '23505'
/** `lock_not_available`, `deadlock_detected`. */
const busyCodes = new Set(['55P03', '40P01'])

interface Digest {
  readonly count: number
  readonly sum: string
}

/** Of rows in any order. */
const digest = `count(*) as count, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text as sum`

function keysByTable(changes: readonly Change[]): Map<string, readonly object[]> {
  const found = new Map<string, Map<string, object>>()
  for (const { table_name: name, key } of changes) {
    const keys = found.get(name) ?? new Map<string, object>()
    keys.set(JSON.stringify(key), key)
    found.set(name, keys)
  }
  return new Map([...found].map(([name, keys]) => [name, [...keys.values()]]))
}
