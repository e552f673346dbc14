import { createLog, ManualClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestContext } from 'vitest'
import type { NewStore, TestStore } from '../../testing/stores.ts'
import { ExtensionWatch, lackingExtensions } from './extensions.ts'

/** Points on a sphere, the same in each run. */
function points(count: number, dimensions: number): number[][] {
  let state = 20_261_121
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  return Array.from({ length: count }, () => {
    const raw = Array.from({ length: dimensions }, next)
    const length = Math.hypot(...raw)
    return raw.map((value) => value / length)
  })
}

export function extensionCases(newStore: NewStore): void {
  describe('extensions', () => {
    let store: TestStore
    beforeAll(async () => {
      store = await newStore()
    })
    afterAll(() => store.close())

    const needsVector = async ({ skip }: TestContext) => {
      if ((await lackingExtensions(store.backend.pool, ['vector'])).length > 0)
        skip('this PostgreSQL has no pgvector: scripts/postgres/pgvector-15.sh builds it')
    }

    it('that a database has not are named, and finding out leaves nothing behind', async () => {
      const { pool } = store.backend
      expect(await lackingExtensions(pool, ['pg_trgm', 'no "such" extension'])).toEqual(['no "such" extension'])
      const { rows } = await pool.query(`select extname from pg_extension where extname = 'pg_trgm'`)
      expect(rows).toEqual([])
    })

    it('that lack are told to who asks whether the program is ready, once it is known', async () => {
      const lines: string[] = []
      const log = createLog('test', { level: 'warn', destination: { write: (line: string) => void lines.push(line) } })
      const clock = new ManualClock()
      const watch = new ExtensionWatch({ pool: store.backend.pool, clock, log, names: ['pg_trgm', 'no_such'] })
      expect(watch.lacking()).toEqual([])
      await expect.poll(() => watch.lacking()).toEqual(['no_such'])
      clock.advance(60_000)
      expect(watch.lacking()).toEqual(['no_such'])
      expect(lines.join('')).toContain('The database has no no_such')
      expect(lines).toHaveLength(1)
    })

    it('vector: an HNSW index finds the nearest by cosine, as a look at every row does', async (context) => {
      await needsVector(context)
      const { pool } = store.backend
      const dimensions = 32
      const all = points(400, dimensions)
      await pool.query('create extension vector')
      await pool.query(`create table public.points (id integer primary key, at vector(${dimensions}) not null)`)
      await pool.query(
        `insert into public.points select ordinality, at::vector from unnest($1::text[]) with ordinality as given (at, ordinality)`,
        [all.map((point) => `[${point.join(',')}]`)],
      )
      await pool.query('create index points_at on public.points using hnsw (at vector_cosine_ops)')
      await pool.query('analyze public.points')
      // At a few hundred rows a look at every one is cheaper, which the planner knows.
      const session = await pool.connect()
      await session.query('begin; set local enable_seqscan = off')
      const nearest = 'select id from public.points order by at <=> $1::vector limit 5'
      let found = 0
      const probes = points(420, dimensions).slice(400)
      for (const probe of probes) {
        const cosine = (point: readonly number[]) =>
          point.reduce((sum, value, index) => sum + value * (probe[index] ?? 0), 0)
        const expected = all
          .map((point, index) => ({ id: index + 1, cosine: cosine(point) }))
          .toSorted((left, right) => right.cosine - left.cosine)
          .slice(0, 5)
          .map(({ id }) => id)
        const { rows } = await session.query<{ id: number }>(nearest, [`[${probe.join(',')}]`])
        found += rows.filter(({ id }) => expected.includes(id)).length
      }
      const plan = await session.query<{ 'QUERY PLAN': string }>(`explain ${nearest}`, [`[${probes[0]?.join(',')}]`])
      expect(plan.rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('Index Scan using points_at')
      await session.query('rollback')
      session.release()
      // The index may miss one: what it finds of a hundred is the measure of such an index.
      expect(found).toBeGreaterThanOrEqual(90)
    })

    it('pg_trgm: a part of a Korean word is found by its index', async () => {
      const { pool } = store.backend
      await pool.query('create extension pg_trgm')
      await pool.query('create table public.texts (id integer primary key, text text not null)')
      await pool.query(
        `insert into public.texts select n, case n % 500 when 7 then '2호 용접기 온도센서 교체 절차' else '점검표 ' || n end from generate_series(1, 3000) as n`,
      )
      await pool.query('create index texts_text on public.texts using gin (text gin_trgm_ops)')
      await pool.query('analyze public.texts')
      const search = `select id from public.texts where text like '%온도센%' order by id`
      const { rows } = await pool.query<{ id: number }>(search)
      expect(rows.map(({ id }) => id)).toEqual([7, 507, 1_007, 1_507, 2_007, 2_507])
      const plan = await pool.query<{ 'QUERY PLAN': string }>(`explain ${search}`)
      expect(plan.rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('Index Scan on texts_text')
    })
  })
}
