import { ManualClock } from '@jidoka/base'
import { describe, expect, it } from 'vitest'
import { ProblemError } from './problem.ts'
import { RateLimit } from './rate-limit.ts'

describe('RateLimit', () => {
  const settings = { max: 2, windowMs: 1_000, keysMax: 3 }

  it('I10: lets so many pass within a window and says when the next may', () => {
    const clock = new ManualClock()
    const limit = new RateLimit(clock, settings)
    limit.take('a')
    limit.take('a')
    const refused = (() => {
      try {
        limit.take('a')
      } catch (error) {
        return error
      }
      return null
    })()
    expect(refused).toBeInstanceOf(ProblemError)
    expect(refused).toMatchObject({ kind: 'too_many_requests', retryAfterS: 1 })
    limit.take('b')
    clock.advance(1_000)
    limit.take('a')
  })

  it('I10: forgets the oldest key when there are too many, so that made-up names fill no memory', () => {
    const limit = new RateLimit(new ManualClock(), settings)
    for (let attempt = 0; attempt < 2; attempt++) limit.take('a')
    for (const key of ['b', 'c', 'd']) limit.take(key)
    limit.take('a')
    for (let key = 0; key < 10_000; key++) limit.take(`made up ${key}`)
  })

  it('counts anew after a success', () => {
    const limit = new RateLimit(new ManualClock(), settings)
    for (let attempt = 0; attempt < 10; attempt++) {
      limit.take('a')
      limit.clear('a')
    }
  })
})
