import { ManualClock } from '@jidoka/base'
import { describe, expect, it } from 'vitest'
import { busyRetryMs } from './busy.ts'
import { Turns } from './intake-turns.ts'

/** Work that is done every so many milliseconds, with more of it waiting. */
function at(paceMs: number) {
  const clock = new ManualClock(0)
  const turns = new Turns(clock)
  for (let done = 0; done < 100; done++) {
    clock.advance(paceMs)
    turns.done(true)
  }
  return { clock, turns }
}

describe('turns of those who are sent away', () => {
  it('come one after the other at the pace of the work, the first after a second', () => {
    const { turns } = at(40)
    const given = Array.from({ length: 5 }, () => turns.next())
    expect(given[0]).toBe(busyRetryMs)
    expect(given.map((ms, index) => Math.round((ms - busyRetryMs) / 10 - index * 4))).toEqual([0, 0, 0, 0, 0])
  })

  it('come no later than a minute, however many wait', () => {
    const { turns } = at(40)
    const given = Array.from({ length: 5_000 }, () => turns.next())
    expect(Math.max(...given)).toBe(60_000)
  })

  it('begin anew once those that were given out are over', () => {
    const { clock, turns } = at(40)
    for (let index = 0; index < 100; index++) turns.next()
    clock.advance(30_000)
    expect(turns.next()).toBe(busyRetryMs)
  })

  it('are not spread by a night in which there was nothing to do, nor by one piece of work that took an hour', () => {
    const { clock, turns } = at(40)
    turns.done(false)
    clock.advance(8 * 3_600_000)
    turns.done(true)
    turns.next()
    expect(turns.next()).toBeLessThan(busyRetryMs + 50)
    clock.advance(3_600_000)
    turns.done(true)
    turns.next()
    expect(turns.next()).toBeLessThan(busyRetryMs + 250)
  })
})
