import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TwoPlaces } from '../../testing/places.ts'
import type { Backend } from '../db/backend.ts'
import { putFence } from './fences.ts'
import { asOwnerOf } from './owner-transaction.ts'
import { readTables } from './target-shape.ts'
import type { TenantTable } from './tenant-tables.ts'
import { Transfer } from './transfer.ts'
import type { Batch } from './transfer.ts'
import { letOwnerIn } from './watch.ts'

const mover = '00000000-0000-4000-8000-000000000000'
const rows = 1_500

const fill = (of: string, stream: number, count: number) => `
  begin;
  set local session_replication_role = replica;
  insert into core.tenants (id, name) values ('${of}', 'Known') on conflict do nothing;
  insert into fleet.reading_streams (tenant_id, edge_id, epoch, stream_id) overriding system value
    values ('${of}', md5('edge')::uuid, md5('life')::uuid, ${stream});
  insert into core.reading_rollups (tenant_id, stream_id, tag_no, bucket_at, count, sum, min, max, last, last_at)
    select '${of}', ${stream}, 1, '2026-11-21T00:00:00Z'::timestamptz + n * interval '1 minute', 1, 1, 1, 1, 1, '2026-11-21' from generate_series(1, ${count}) n;
  commit`

/** All rows of a tenant in a table, however many of them came before. */
async function copy(transfer: Transfer, source: Backend, tenant: string, tables: readonly TenantTable[]) {
  const [table] = tables
  if (table === undefined) throw new Error('there is one')
  let batch: Batch | null = null
  do {
    batch = await asOwnerOf(source, { tenant, isolation: 'repeatable read' }, async (query) => {
      const next = await transfer.next(query, table, batch?.last ?? null)
      await transfer.takeOver(query, tables, next)
      return next
    })
    await transfer.makeKnown()
  } while (batch !== null && !batch.isEnd)
}

export function knownRowsCases(newPlaces: () => Promise<TwoPlaces>): void {
  describe('rows of a tenant that moves', () => {
    let places: TwoPlaces
    beforeAll(async () => {
      places = await newPlaces()
    }, 60_000)
    afterAll(() => places.close())

    const begin = async (tenant: string, stream: number) => {
      const { main, second, eyes } = places
      await eyes.main.query(fill(tenant, stream, rows))
      const tables = (await readTables(main.backend, tenant)).filter(({ name }) => name === 'core.reading_rollups')
      for (const { backend } of [main, second]) await letOwnerIn(backend, tenant, tables)
      await asOwnerOf(second.backend, { tenant }, (query) =>
        putFence(query, tenant, { version: 0, went_to: 'main', mover }),
      )
      // What rows point to is there before them.
      await eyes.second.query(fill(tenant, stream, 0))
      const transfer = new Transfer({ source: main.backend, target: second.backend, tenant, mover, tables })
      const expectedIn = async (pool: typeof eyes.main) => {
        const { rows: plan } = await pool.query<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(
          `explain (format json) select from core.reading_rollups where tenant_id = '${tenant}'`,
        )
        return plan[0]?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0
      }
      return { copied: () => copy(transfer, main.backend, tenant, tables), expectedIn }
    }

    it('are known to the statistics of both databases while they come, where those of others were all that there are', async () => {
      const { eyes } = places
      await eyes.second.query(fill('other', 7_000_002, rows))
      await eyes.second.query('analyze core.reading_rollups')
      const { copied, expectedIn } = await begin('known', 7_000_001)
      expect(await expectedIn(eyes.second)).toBeLessThan(100)
      await copied()
      for (const pool of [eyes.main, eyes.second]) expect(await expectedIn(pool)).toBeGreaterThan(rows / 2)
    })

    it('are known when there are twice as many, where somebody had the table meanwhile', async () => {
      const { eyes } = places
      const { copied, expectedIn } = await begin('busy', 7_000_003)
      const somebody = await eyes.second.connect()
      try {
        await somebody.query('begin; lock table core.reading_rollups in share update exclusive mode')
        await copied()
        expect(await expectedIn(eyes.second)).toBeLessThan(100)
        await somebody.query('commit')
      } finally {
        somebody.release()
      }
      await copied()
      expect(await expectedIn(eyes.second)).toBeGreaterThan(rows / 2)
    })
  })
}
