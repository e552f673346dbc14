import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TwoPlaces } from '../../testing/places.ts'
import { asOwnerOf } from './owner-transaction.ts'
import { readTables } from './target-shape.ts'
import type { TenantTable } from './tenant-tables.ts'
import type { AfterKey } from './transfer.ts'
import { Verification } from './verification.ts'
import { letOwnerIn } from './watch.ts'
import { commonOrder } from './word-order.ts'
import type { WordOrder } from './word-order.ts'

// Rows of two databases are held against each other in ranges of three. Whatever differs in one row, at whichever place of a range, is found; and a
// verification that is begun behind any range finds what is behind it.

const tenant = 'verified'
const rangeRowsMax = 3

interface Subject {
  readonly table: string
  /** Of row `n`, in the order of the key. */
  readonly where: (n: number) => string
  readonly change: (n: number) => string
  /** One more, behind row `n` and before the next. */
  readonly add: (n: number) => string
  readonly remove: string
  readonly rows: number
}

// In the order of languages they are another row.
const codes = ['A', 'B', '_', 'a', 'b', 'z', '가', '나']
const timeOf = (n: number, s = 0) => `'2026-11-21T09:${String(n).padStart(2, '0')}:${String(s).padStart(2, '0')}Z'`
/** Two lives of edges; the third and fourth have nothing. */
const streamOf = (n: number) => (n < 5 ? 7_000_001 : 7_000_002)
const rollup = (stream: number, at: string, last = 1) =>
  `insert into core.reading_rollups (tenant_id, stream_id, tag_no, bucket_at, count, sum, min, max, last, last_at)
   values ('${tenant}', ${stream}, 1, ${at}, 1, 1, 1, 1, ${last}, ${at})`

const subjects: Subject[] = [
  {
    table: 'fleet.sites',
    rows: codes.length,
    where: (n) => `code = '${codes[n]}'`,
    change: (n) => `update fleet.sites set time_zone = 'UTC' where tenant_id = '${tenant}' and code = '${codes[n]}'`,
    add: (n) =>
      `insert into fleet.sites (tenant_id, code, name, time_zone) values ('${tenant}', '${codes[n]}!', '{}', 'UTC')`,
    remove: `delete from fleet.sites where tenant_id = '${tenant}' and code like '%!'`,
  },
  {
    table: 'core.reading_rollups',
    rows: 9,
    where: (n) => `bucket_at = ${timeOf(n)}`,
    change: (n) =>
      `update core.reading_rollups set last = 2 where tenant_id = '${tenant}' and bucket_at = ${timeOf(n)}`,
    add: (n) => rollup(streamOf(n), timeOf(n, 30)),
    remove: `delete from core.reading_rollups where tenant_id = '${tenant}' and extract(second from bucket_at) = 30`,
  },
]

const fill = `
  begin;
  set local session_replication_role = replica;
  insert into core.tenants (id, name) values ('${tenant}', 'Verified');
  ${codes.map((code) => `insert into fleet.sites (tenant_id, code, name, time_zone, created_at) values ('${tenant}', '${code}', '{}', 'Asia/Seoul', '2026-11-21')`).join(';')};
  insert into fleet.reading_streams (tenant_id, edge_id, epoch, stream_id) overriding system value
    select '${tenant}', md5('edge' || n)::uuid, md5('life' || n)::uuid, 7000000 + n from generate_series(1, 4) n;
  ${Array.from({ length: 9 }, (_, n) => rollup(streamOf(n), timeOf(n))).join(';')};
  commit`

export function verificationCases(newPlaces: () => Promise<TwoPlaces>): void {
  describe('rows of two databases', () => {
    let places: TwoPlaces
    let tables: readonly TenantTable[]
    let words: WordOrder
    /** What the source was asked last. */
    let asked: { text: string; values: readonly unknown[] }
    beforeAll(async () => {
      places = await newPlaces()
      tables = await readTables(places.main.backend, tenant)
      words = await commonOrder(tenant, places.main.backend, places.second.backend)
      for (const place of [places.main, places.second]) await letOwnerIn(place.backend, tenant, tables)
      for (const eyes of [places.eyes.main, places.eyes.second]) await eyes.query(fill)
    }, 60_000)
    afterAll(() => places.close())

    const verify = async (name: string, from: AfterKey | null = null, order = words) => {
      const table = tables.find((each) => each.name === name)
      if (table === undefined) throw new Error(`there is no ${name}`)
      const verification = new Verification({ target: places.second.backend, tenant, words: order, rangeRowsMax })
      const ends: AfterKey[] = []
      let rows = 0
      let after = from
      do {
        const behind = after
        const range = await asOwnerOf(places.main.backend, { tenant, isolation: 'repeatable read' }, (source) =>
          verification.next(
            (text, values = []) => {
              asked = { text, values }
              return source(text, values)
            },
            table,
            behind,
          ),
        )
        rows += range.rows
        after = range.after
        if (after !== null) ends.push(after)
      } while (after !== null)
      return { rows, ends }
    }
    /** What is done to it is done on the target alone, and taken back. */
    const withFault = async (eyes: Pool, { table, where }: Subject, n: number, fault: string, undo: string | null) => {
      const kept = `select t::text as row from ${table} t where tenant_id = '${tenant}' and ${where(n)}`
      const row = (await eyes.query<{ row: string }>(kept)).rows[0]?.row
      await eyes.query(fault)
      const found = await verify(table).then(
        () => 'nothing',
        (error: unknown) => (error instanceof Error ? error.name : 'nothing'),
      )
      if (undo !== null) await eyes.query(undo)
      else {
        await eyes.query(`delete from ${table} where tenant_id = '${tenant}' and ${where(n)}`)
        await eyes.query(`insert into ${table} select (r).* from (select $1::${table} as r) s`, [row])
      }
      return found
    }

    it.each(subjects)(
      'are counted range by range, each row once, also when it is begun behind one ($table)',
      async (subject) => {
        for (const order of [words, null]) {
          const whole = await verify(subject.table, null, order)
          expect(whole.rows).toBe(subject.rows)
          expect(whole.ends.length).toBeGreaterThan(1)
          const counted: number[] = []
          for (const end of whole.ends) counted.push((await verify(subject.table, end, order)).rows)
          expect(counted).toEqual(counted.toSorted((a, b) => b - a))
          expect(counted[0]).toBe(subject.rows - rangeRowsMax)
          expect(counted.at(-1)).toBeLessThan(rangeRowsMax)
        }
      },
    )

    it('are found by the index of their key, words too, where both databases order them alike', async () => {
      await verify('fleet.sites', [codes[0] ?? ''])
      const client = await places.eyes.main.connect()
      await client.query('begin; set local enable_seqscan = off; set local enable_bitmapscan = off')
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${asked.text}`, [...asked.values])
      await client.query('rollback')
      client.release()
      expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index Cond: .*tenant_id.*code.* > /)
    })

    it('are ordered byte by byte where a server is newer than its indexes, or orders words otherwise', async () => {
      const { main, second } = places
      const common = () => commonOrder(tenant, main.backend, second.backend)
      expect(await common()).not.toBeNull()
      const note = (version: string | null) =>
        places.eyes.second.query('update pg_database set datcollversion = $1 where datname = current_database()', [
          version,
        ])
      const before = await places.eyes.second.query<{ version: string | null }>(
        'select datcollversion as version from pg_database where datname = current_database()',
      )
      await note('of another library')
      expect(await common()).toBeNull()
      await note(before.rows[0]?.version ?? null)
      expect(await common()).toBe(words)
    })

    it.each(subjects)('are told apart by any one that is missing, changed or too many ($table)', async (subject) => {
      const { second } = places.eyes
      const found: string[] = []
      for (let n = 0; n < subject.rows; n++) {
        const gone = `delete from ${subject.table} where tenant_id = '${tenant}' and ${subject.where(n)}`
        found.push(
          `${n} missing: ${await withFault(second, subject, n, gone, null)}`,
          `${n} changed: ${await withFault(second, subject, n, subject.change(n), null)}`,
          `${n} doubled: ${await withFault(second, subject, n, subject.add(n), subject.remove)}`,
        )
      }
      expect(found.filter((each) => !each.endsWith('DifferentRowsError'))).toEqual([])
      expect((await verify(subject.table)).rows).toBe(subject.rows)
    })

    it('are told apart by one that is where the source has none', async () => {
      const { second } = places.eyes
      const remove = `delete from core.reading_rollups where tenant_id = '${tenant}' and stream_id = 7000004`
      await second.query(rollup(7_000_004, timeOf(0)))
      await expect(verify('core.reading_rollups')).rejects.toThrow('has 0 rows on the source and 1 on the target')
      await second.query(remove)
    })
  })
}
