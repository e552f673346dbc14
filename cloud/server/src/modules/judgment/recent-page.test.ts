import { describe, expect, it } from 'vitest'
import type { Transaction } from '../../platform/db/database.ts'
import { noFilter } from '../../testing/page-plans.ts'
import { recentPage } from './recent-page.ts'
import type { RecentFilter } from './repository.ts'

const filter: RecentFilter = { ...noFilter, status: 'CRITICAL' }

/** A database that finds nothing, and takes so long for each statement. */
function search(statementMs: number, changes: Partial<RecentFilter> = {}) {
  let nowMs = Date.UTC(2026, 10, 21)
  const asked: string[] = []
  const names: (string | null)[] = []
  const tx: Transaction = {
    tenantId: 'demo',
    query: (statement) => {
      asked.push(typeof statement === 'string' ? statement : statement.text)
      names.push(typeof statement === 'string' ? null : statement.name)
      nowMs += statementMs
      return Promise.resolve([])
    },
    run: () => Promise.resolve(0),
    send: () => undefined,
    ends: () => undefined,
    afterCommit: () => undefined,
  }
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs }
  const places: string[] = []
  const at =
    (place: string) =>
    <Result>(_: string, work: (tx: Transaction) => Promise<Result>) => {
      places.push(place)
      return work(tx)
    }
  const database = { withTenant: at('primary'), reading: at('replica'), readingLagMs: 6_000 }
  return { asked, names, places, page: recentPage({ database, clock }, 'demo', { ...filter, ...changes }) }
}

describe('a page of judgments', () => {
  it('is looked for in all months where that is quick', async () => {
    const { asked, page } = search(10)
    expect(await page).toEqual({ rows: [], goesOn: null })
    expect(asked).toHaveLength(4)
    expect(asked.at(-1)).not.toContain('executed_at >=')
  })

  it('ends after a second with where to go on, and goes on there', async () => {
    const { asked, page } = search(600)
    const { goesOn } = await page
    expect(goesOn).toEqual({ at: '2026-04-01T00:00:00.000Z', id: '00000000-0000-0000-0000-000000000000' })
    expect(asked).toHaveLength(2)
    const next = search(600, { after: goesOn })
    await next.page
    expect(next.asked[0]).toContain(`executed_at >= '2026-04-01`)
    expect(next.asked[1]).toContain(`executed_at >= '2025-12-01`)
  })

  it('is read where it may be some seconds old only up to a time that is longer past', async () => {
    for (const [to, place] of [
      [null, 'primary'],
      ['2026-11-21T00:00:00.000Z', 'primary'],
      ['2026-11-20T23:59:54.000Z', 'primary'],
      ['2026-11-20T23:59:53.999Z', 'replica'],
    ] as const) {
      const { page, places } = search(1, { to })
      await page
      expect(new Set(places)).toEqual(new Set([place]))
    }
  })

  it('has a name as a statement where nothing narrows it and it is as long as usual, as its text never changes within a month', () => {
    const { asked, names } = search(0, { status: null })
    expect(asked[0]).toContain(`where executed_at >= '2026-08-01T00:00:00.000Z'`)
    expect(asked[0]).toContain('limit 51')
    expect(names).toEqual([`list-executions-${Date.UTC(2026, 7)}`])
    expect(search(0, { status: null, limit: 20 }).names).toEqual([null])
    expect(search(0).names).toEqual([null])
  })
})
