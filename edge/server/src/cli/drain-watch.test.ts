import { describe, expect, test } from 'vitest'
import { DrainWatch } from './drain-watch.ts'

const status = (stored: number, receipted: number, problem: string | null = null) => ({
  state: 'online' as const,
  problem: null,
  troubles: [],
  lanes: [
    { lane: 'records' as const, stored_seq: 5, receipted_seq: 5, problem: null },
    { lane: 'readings' as const, stored_seq: stored, receipted_seq: receipted, problem },
  ],
})

describe('the watch over a drain', () => {
  test('ends when what waited at its start is receipted, while a running plant stores more', () => {
    const watch = new DrainWatch()
    expect(watch.look(status(1_000, 100))).toBeNull()
    expect(watch.look(status(1_060, 999))).toBeNull()
    expect(watch.look(status(1_120, 1_060))).toEqual({
      sentence: 'All that waited at the start is receipted: records up to 5, readings up to 1000.',
      code: 0,
    })
  })

  test('ends at once where nothing waits', () => {
    expect(new DrainWatch().look(status(1_000, 1_000))).toMatchObject({ code: 0 })
  })

  test('ends with the reason when a lane has stopped, and goes on when the next try mends it', () => {
    const watch = new DrainWatch()
    const revoked = status(10, 1, 'This appliance is revoked.')
    expect([watch.look(revoked), watch.look(revoked), watch.look(status(11, 2))]).toEqual([null, null, null])
    expect([watch.look(revoked), watch.look(revoked)]).toEqual([null, null])
    expect(watch.look(revoked)).toEqual({ sentence: 'Nothing goes up: This appliance is revoked.', code: 3 })
  })

  test('goes on while the cloud only does not answer, and ends where there is none', () => {
    const watch = new DrainWatch()
    const offline = { ...status(10, 1), state: 'offline' as const, problem: 'The cloud does not answer.' }
    for (let look = 0; look < 100; look++) expect(watch.look(offline)).toBeNull()
    const alone = { ...status(10, 1), state: 'not_enrolled' as const, problem: 'No cloud is configured.' }
    expect([watch.look(alone), watch.look(alone), watch.look(alone)].at(-1)).toEqual({
      sentence: 'Nothing goes up: No cloud is configured.',
      code: 3,
    })
  })
})
