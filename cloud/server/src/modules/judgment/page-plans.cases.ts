import { createLog, ManualClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database } from '../../platform/db/database.ts'
import { keepPartitions } from '../../platform/partitions/keep.ts'
import { Partitions } from '../../platform/partitions/partitions.ts'
import { dayOfMonth, monthOf, periodOf, suffixOf } from '../../platform/partitions/periods.ts'
import { partitionedTables } from '../../platform/partitions/tables.ts'
import { noFilter, planOfPage } from '../../testing/page-plans.ts'
import type { NewStore, TestStore } from '../../testing/stores.ts'
import type { RecentFilter } from './repository.ts'

// A page of judgments is found by an index in every month that is kept, whatever it is narrowed by: a month without the index is looked through, and a tenant among a thousand reads the
// rows of all of them then.

const nowMs = Date.UTC(2026, 10, 21)
/** Back from the month of `nowMs`: of now, no longer hot as other tables are, and the oldest that is kept. */
const monthsAgo = [0, 4, 12, partitionedTables['core.judgment_executions'].monthsKept - 1]
const monthOfAgo = (ago: number) => monthOf(nowMs) - ago
const partitionOf = (ago: number) => `judgment_executions${suffixOf(periodOf('month', monthOfAgo(ago)))}`
const rowsOfMonth = 2_000

const edgeId = (no: number) => `00000000-0000-7000-8000-00000000000${no}`
/** An index has all of it: no row is read that is not on the page. */
const indexed: Readonly<Record<string, Partial<RecentFilter>>> = {
  time: {},
  rule: { ruleId: 'rule-3' },
  line: { line: 'LINE-2' },
  'a line that there is not': { line: 'LINE-NONE' },
  edge: { edgeId: edgeId(3) },
  'an edge that there is not': { edgeId: edgeId(9) },
  status: { status: 'CRITICAL' },
  'a normal status of few': { status: 'IDLE' },
  abnormal: { abnormal: true },
  'status and line': { status: 'CRITICAL', line: 'LINE-2' },
  'status and edge': { status: 'CRITICAL', edgeId: edgeId(3) },
  'abnormal, rule, line and edge': { abnormal: true, ruleId: 'rule-3', line: 'LINE-1', edgeId: edgeId(3) },
}
/** Found by the index of one of them, or by that of time: rows are left out. */
const others: Readonly<Record<string, Partial<RecentFilter>>> = {
  normal: { abnormal: false },
  'the normal status': { status: 'NORMAL' },
  'edge and rule': { edgeId: edgeId(3), ruleId: 'rule-3' },
  'rule and line': { ruleId: 'rule-3', line: 'LINE-1' },
}

export function pagePlanCases(newStore: NewStore): void {
  describe('pages of judgments in months of any age', () => {
    let store: TestStore
    let database: Database
    const clock = new ManualClock(nowMs)
    const own = async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      database.asOwner<Row>(text, values)
    beforeAll(async () => {
      store = await newStore()
      database = new Database(store.backend, { clock })
      await own(`insert into core.tenants (id, name) values ('one', 'one'), ('other', 'other')`)
      for (const ago of monthsAgo) {
        const month = dayOfMonth(monthOfAgo(ago))
        await own(`select jidoka.make_month_partition('core.judgment_executions', $1::date)`, [month])
        // Written to the month itself: the table would have the policies of a tenant for its owner too.
        await own(`alter table core.${partitionOf(ago)} no force row level security`)
        await own(
          `insert into core.${partitionOf(ago)} (tenant_id, execution_id, workflow_id, executed_at, received_at, edge_id, rule_id, rule_version, rule_hash, subject, line, status,
             normal, confidence, method_used, inputs)
           select (array['one', 'other'])[1 + n % 2], gen_random_uuid(), 'rule-' || n / 2 % 11, at, at, ('00000000-0000-7000-8000-00000000000' || n / 2 % 7)::uuid, 'rule-' || n / 2 % 11, 1,
             'hash', 'LINE', 'LINE-' || n / 2 % 5, status, status in ('NORMAL', 'IDLE'), 0.8, 'rule', '{}'
           from (select n, $1::date::timestamptz + n * interval '1 minute' as at, case when n % 29 < 2 then 'HIGH' when n % 97 < 2 then 'CRITICAL' when n % 83 < 2 then 'IDLE' else 'NORMAL' end as status
             from generate_series(0, ${rowsOfMonth - 1}) as n) as made`,
          [month],
        )
        await own(`alter table core.${partitionOf(ago)} force row level security`)
      }
      const archivist = { archive: () => Promise.resolve() }
      const partitions = new Partitions(database, clock)
      const log = createLog('test', { level: 'silent' })
      expect(await keepPartitions({ database, clock, log, partitions, archivist })).toMatchObject({ failed: 0 })
      await own('vacuum analyze core.judgment_executions')
    })
    afterAll(() => store.close())

    it('are found by the same indexes in each of them: what the night does with old months leaves these alone', async () => {
      const rows = await own<{ name: string; indexes: string[] }>(
        `select c.relname as name, array_agg(substring(pg_get_indexdef(x.indexrelid) from ' USING btree (.*)$') order by 1) filter (where x.indisvalid) as indexes
         from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_index x on x.indrelid = c.oid
         where i.inhparent = 'core.judgment_executions'::regclass and not x.indisprimary group by 1 order by 1`,
      )
      const names = rows.map(({ name }) => name)
      expect(names).toEqual(expect.arrayContaining([...monthsAgo.map(partitionOf), 'judgment_executions_default']))
      for (const { name, indexes } of rows)
        expect([name, indexes.toSorted()]).toEqual([
          name,
          [
            '(tenant_id, edge_id, executed_at DESC, execution_id DESC) WHERE (edge_id IS NOT NULL)',
            '(tenant_id, executed_at DESC, execution_id DESC)',
            '(tenant_id, executed_at DESC, execution_id DESC, edge_id, line, workflow_id) WHERE (NOT normal)',
            '(tenant_id, line, executed_at DESC, execution_id DESC)',
            `(tenant_id, status, executed_at DESC, execution_id DESC, edge_id, line, workflow_id) WHERE (status <> 'NORMAL'::text)`,
            '(tenant_id, workflow_id, executed_at DESC, execution_id DESC)',
          ],
        ])
    })

    /** Scans of months that have rows. */
    async function scansOf(filter: RecentFilter) {
      const filled = new Set(monthsAgo.map(partitionOf))
      const nodes = await planOfPage({ database, clock }, 'one', filter)
      return nodes.filter((node) => filled.has(node['Relation Name'] ?? ''))
    }
    const within = (ago: number) => ({
      from: `${dayOfMonth(monthOfAgo(ago))}T00:00:00.000Z`,
      to: `${dayOfMonth(monthOfAgo(ago) + 1)}T00:00:00.000Z`,
    })
    const whole = { from: within(monthsAgo.at(-1) ?? 0).from, to: null }

    it('are found without looking through a month, and without reading a row that is not on them', async () => {
      for (const [name, filter] of Object.entries(indexed))
        for (const time of [...monthsAgo.map(within), whole]) {
          const scans = await scansOf({ ...noFilter, ...filter, ...time })
          expect([name, time.from, scans.length > 0]).toEqual([name, time.from, true])
          for (const scan of scans)
            expect({ name, at: scan['Relation Name'], by: scan['Node Type'], leavesOut: scan.Filter }).toEqual({
              name,
              at: scan['Relation Name'],
              by: expect.stringMatching(/^(?:Index|Bitmap Heap) Scan$/),
              leavesOut: undefined,
            })
        }
    })

    it('are found by an index too where two filters meet', async () => {
      for (const [name, filter] of Object.entries(others))
        for (const time of [...monthsAgo.map(within), whole])
          for (const scan of await scansOf({ ...noFilter, ...filter, ...time }))
            expect([name, scan['Relation Name'], scan['Node Type']]).toEqual([
              name,
              scan['Relation Name'],
              expect.stringMatching(/^(?:Index|Bitmap Heap) Scan$/),
            ])
    })
  })
}
