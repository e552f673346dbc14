import type { JobNews } from '@jidoka/contract'
import { describe, expect, it } from 'vitest'
import { afterReading, fractionOf, isListed, refreshed, tookMs } from './job-view.ts'

const job = (changes: Partial<JobNews> = {}): JobNews => ({
  id: 'one',
  kind: 'jobs.tidy',
  state: 'running',
  cancelling: false,
  attempt: 1,
  attempts_max: 3,
  progress: { done: 0, total: null, note: null },
  error: null,
  by: 'admin',
  created_at: '2026-11-21T09:00:00.000Z',
  due_at: '2026-11-21T09:00:00.000Z',
  started_at: '2026-11-21T09:00:00.000Z',
  ended_at: null,
  ...changes,
})

describe('the list of jobs', () => {
  it('knows how far a job is only when the job has said of how much', () => {
    expect(fractionOf({ done: 3, total: null, note: null })).toBeNull()
    expect(fractionOf({ done: 0, total: 0, note: null })).toBeNull()
    expect(fractionOf({ done: 5, total: 4, note: null })).toBe(1)
    expect(fractionOf({ done: 1, total: 4, note: null })).toBe(0.25)
  })

  it('counts the time of one that runs until now, of one that ended until then, and none of one that waits', () => {
    const nowMs = Date.parse('2026-11-21T09:00:05.000Z')
    expect(tookMs(job(), nowMs)).toBe(5_000)
    expect(tookMs(job({ state: 'done', ended_at: '2026-11-21T09:00:02.000Z' }), nowMs)).toBe(2_000)
    expect(tookMs(job({ state: 'waiting' }), nowMs)).toBeNull()
  })

  it('puts the first page in front of what was read before, and begins anew where there is a gap', () => {
    const rowsOf = (...ids: string[]) => ids.map((id) => job({ id }))
    const before = { rows: rowsOf('three', 'two', 'one'), next: 'x' }
    const first = { rows: [job({ id: 'four' }), job({ id: 'three', state: 'done' as const })], next: 'y' }
    const after = refreshed(before, first)
    expect(after.rows.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'four running',
      'three done',
      'two running',
      'one running',
    ])
    expect(after.next).toBe('x')
    expect(refreshed(before, { rows: rowsOf('nine', 'eight'), next: 'y' }).next).toBe('y')
    expect(refreshed(null, first)).toBe(first)
  })

  it('keeps nothing that was not read again when events were lost', () => {
    const before = { rows: ['three', 'two', 'one'].map((id) => job({ id })), next: null }
    const got = { rows: [job({ id: 'three', state: 'done' })], next: 'y' }
    expect(afterReading(before, { cursor: null, isAnew: true }, got)).toEqual(got)
    expect(afterReading(before, { cursor: null }, got).rows).toHaveLength(3)
    expect(afterReading(before, { cursor: 'x' }, got).rows).toHaveLength(4)
  })

  it('has of a job what fits the filter', () => {
    expect(isListed(job(), { state: 'dead', kind: '' })).toBe(false)
    expect(isListed(job(), { state: 'all', kind: 'jobs.tidy' })).toBe(true)
  })
})
