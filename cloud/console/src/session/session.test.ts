import type { CloudSession } from '@jidoka/contract'
import { cloudPaths } from '@jidoka/contract'
import { ConnectionError, createApi, ProblemError } from '@jidoka/ui'
import { describe, expect, test } from 'vitest'
import { createSessionCalls } from '../app/console-api.ts'
import { createSession, issuedAtMs, lifetimeMs, type Session, type SessionCalls } from './session.ts'

const epochMs = Date.parse('2026-11-21T00:00:00.000Z')

function token(issuedMs: number, lifeS = 900): string {
  const payload = btoa(JSON.stringify({ iat: issuedMs / 1_000, exp: issuedMs / 1_000 + lifeS }))
  return `header.${payload}.signature`
}

function sessionOf(name: string, issuedMs = epochMs): CloudSession {
  return {
    access_token: `${token(issuedMs)}.${name}`,
    expires_at: new Date(issuedMs + 900_000).toISOString(),
    tenant_id: 'demo',
    password_made_up: false,
    user: { login: 'kim', name: 'Kim', role: 'manager', locale: 'ko', permissions: [] },
  }
}

function problem(kind: 'not_signed_in' | 'wrong_credentials'): ProblemError {
  return new ProblemError({ type: 'about:blank', kind, title: '', status: 401, detail: '' })
}

/** A session on a clock and timers that the test moves; `answers` are what the server says to each refresh in turn. */
function world(answers: (() => Promise<CloudSession>)[], login?: SessionCalls['login']) {
  let nowMs = epochMs
  let timers: { atMs: number; expired: () => void }[] = []
  const counts = { refresh: 0, logout: 0, announced: 0, exclusive: 0, exclusiveMax: 0 }
  const session = createSession({
    calls: {
      login: login ?? (() => Promise.resolve(sessionOf('login'))),
      refresh: () => {
        const answer = answers[counts.refresh]
        counts.refresh += 1
        return answer === undefined ? Promise.reject(problem('not_signed_in')) : answer()
      },
      logout: () => {
        counts.logout += 1
        return Promise.resolve()
      },
      changePassword: () => Promise.reject(problem('wrong_credentials')),
    },
    now: () => nowMs,
    random: () => 1,
    startTimer: (expired, ms) => {
      const timer = { atMs: nowMs + ms, expired }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    exclusively: async (run) => {
      counts.exclusive += 1
      counts.exclusiveMax = Math.max(counts.exclusiveMax, counts.exclusive)
      return run().finally(() => {
        counts.exclusive -= 1
      })
    },
    announceSignOut: () => {
      counts.announced += 1
    },
  })
  return {
    session,
    counts,
    nextTimerMs: () => (timers.length === 0 ? null : Math.min(...timers.map((timer) => timer.atMs)) - nowMs),
    /** Moves the clock to the next timer, lets it fire, and waits for what it set off. */
    fire: async () => {
      const next = timers.toSorted((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined) throw new Error('no timer is set')
      timers = timers.filter((timer) => timer !== next)
      nowMs = next.atMs
      next.expired()
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    },
  }
}

describe('at the start of the page', () => {
  test('a valid cookie signs in without a question', async () => {
    const { session } = world([() => Promise.resolve(sessionOf('first'))])
    expect(session.state().kind).toBe('restoring')
    await session.restore()
    expect(session.state().kind).toBe('signed_in')
    expect(session.authorization()).toMatch(/^Bearer .+first$/)
  })

  test('no cookie shows the sign-in form and no error', async () => {
    const { session } = world([])
    await session.restore()
    expect(session.state()).toEqual({ kind: 'signed_out', because: 'never' })
    expect(session.authorization()).toBeNull()
  })

  test('a cloud that does not answer is no sign-out', async () => {
    const { session } = world([
      () => Promise.reject(new ConnectionError('unreachable', '/api')),
      () => Promise.resolve(sessionOf('second')),
    ])
    await session.restore()
    expect(session.state().kind).toBe('unreachable')
    await session.restore()
    expect(session.state().kind).toBe('signed_in')
  })
})

describe('refreshing', () => {
  test('one request serves all calls that were refused at the same time', async () => {
    const { session, counts } = world([
      () => Promise.resolve(sessionOf('first')),
      () => Promise.resolve(sessionOf('second')),
    ])
    await session.restore()
    const outcomes = await Promise.all([session.refresh(), session.refresh(), session.refresh()])
    expect(outcomes).toEqual([true, true, true])
    expect(counts.refresh).toBe(2)
    expect(session.authorization()).toMatch(/second$/)
  })

  test('happens a minute before the token ends, by the token and not by this clock', async () => {
    const anHourAhead = epochMs + 3_600_000
    const { session, nextTimerMs, fire, counts } = world([
      () => Promise.resolve(sessionOf('first', anHourAhead)),
      () => Promise.resolve(sessionOf('second', anHourAhead + 840_000)),
    ])
    await session.restore()
    expect(nextTimerMs()).toBe(14 * 60_000)
    await fire()
    expect(counts.refresh).toBe(2)
    expect(session.authorization()).toMatch(/second$/)
    expect(nextTimerMs()).toBe(14 * 60_000)
  })

  test('a cloud whose tokens are dead at birth is not asked without a pause', async () => {
    const dead = { ...sessionOf('dead'), access_token: token(epochMs, 0) }
    const { session, nextTimerMs } = world([() => Promise.resolve(dead)])
    await session.restore()
    expect(nextTimerMs()).toBe(5_000)
  })

  test('a lost line keeps the session and tries again, each time later', async () => {
    const unreachable = () => Promise.reject(new ConnectionError('unreachable', '/api'))
    const { session, nextTimerMs, fire } = world([
      () => Promise.resolve(sessionOf('first')),
      unreachable,
      unreachable,
      () => Promise.resolve(sessionOf('late')),
    ])
    await session.restore()
    await fire()
    expect(session.state().kind).toBe('signed_in')
    expect(nextTimerMs()).toBe(500)
    await fire()
    expect(nextTimerMs()).toBe(1_000)
    await fire()
    expect(session.authorization()).toMatch(/late$/)
  })

  test('a cookie that is no longer valid ends the session', async () => {
    const { session, fire, nextTimerMs } = world([() => Promise.resolve(sessionOf('first'))])
    await session.restore()
    await fire()
    expect(session.state()).toEqual({ kind: 'signed_out', because: 'ended' })
    expect(nextTimerMs()).toBeNull()
  })

  test('an answer that comes after the sign-out signs nobody in', async () => {
    let answer: (session: CloudSession) => void = () => undefined
    const late = new Promise<CloudSession>((resolve) => {
      answer = resolve
    })
    const { session } = world([() => Promise.resolve(sessionOf('first')), () => late])
    await session.restore()
    const refreshing = session.refresh()
    await session.signOut()
    answer(sessionOf('ghost'))
    expect(await refreshing).toBe(false)
    expect(session.state()).toEqual({ kind: 'signed_out', because: 'chosen' })
    expect(session.authorization()).toBeNull()
  })
})

describe('signing in and out', () => {
  test('wrong credentials reach the form and leave nobody signed in', async () => {
    const { session } = world([], () => Promise.reject(problem('wrong_credentials')))
    await session.restore()
    await expect(session.signIn('kim', 'x')).rejects.toBeInstanceOf(ProblemError)
    expect(session.state().kind).toBe('signed_out')
  })

  test('signing out ends the cookie at the server, tells the other tabs and stops the timer', async () => {
    const { session, counts, nextTimerMs } = world([])
    await session.restore()
    await session.signIn('kim', 'correct')
    await session.signOut()
    expect(counts).toMatchObject({ logout: 1, announced: 1 })
    expect(session.state()).toEqual({ kind: 'signed_out', because: 'chosen' })
    expect(nextTimerMs()).toBeNull()
  })

  test('a sign-out in another tab ends this one too', async () => {
    const { session } = world([])
    await session.signIn('kim', 'correct')
    session.signedOutElsewhere()
    expect(session.state()).toEqual({ kind: 'signed_out', because: 'chosen' })
  })
})

describe('changing the password', () => {
  /** The tabs of a browser one after the other, as its locks let them; and a cloud that says no to tokens other than its last. */
  function cloudWith(passwordAnswers: readonly (() => Response)[]) {
    const asked: string[] = []
    let made = 0
    let busy: Promise<unknown> = Promise.resolve()
    const answer = (data: unknown) => Response.json({ data, meta: { request_id: 'r' } })
    const parts = {
      fetch: (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
        const path = input instanceof Request ? input.url : input.toString()
        const bearer = new Headers(init?.headers).get('authorization')?.split('.').at(-1) ?? 'none'
        asked.push(`${path.split('/').at(-1)} with ${bearer}`)
        const puts = asked.filter((each) => each.startsWith('password')).length
        const refused = path === cloudPaths.password ? passwordAnswers[puts - 1] : undefined
        if (refused !== undefined) return Promise.resolve(refused())
        made += 1
        return Promise.resolve(answer(sessionOf(`token${made}`)))
      },
    }
    const session: Session = createSession({
      calls: createSessionCalls(
        createApi(parts),
        createApi({ ...parts, authorization: () => session.authorization() }),
      ),
      now: () => epochMs,
      random: () => 1,
      startTimer: () => () => undefined,
      exclusively: (run) => {
        const turn = busy.then(run)
        busy = turn.catch(() => undefined)
        return turn
      },
      announceSignOut: () => undefined,
    })
    return { session, asked }
  }
  const refusal = (kind: 'not_signed_in' | 'wrong_credentials') => () =>
    Response.json({ type: 'about:blank', kind, title: '', status: 401, detail: '' }, { status: 401 })

  test('with a token that has ended waits for no lock of its own: one refresh between two turns, and the new token is used', async () => {
    const { session, asked } = cloudWith([refusal('not_signed_in')])
    await session.restore()
    await session.changePassword('the one of now', 'the one to come')
    expect(asked).toEqual(['refresh with none', 'password with token1', 'refresh with none', 'password with token2'])
    expect(session.authorization()).toMatch(/token3$/)
    // The lock is free again.
    expect(await session.refresh()).toBe(true)
  })

  test('with a wrong password is asked once, and the session goes on', async () => {
    const { session, asked } = cloudWith([refusal('wrong_credentials')])
    await session.restore()
    await expect(session.changePassword('wrong', 'the one to come')).rejects.toMatchObject({
      problem: { kind: 'wrong_credentials' },
    })
    expect(asked).toEqual(['refresh with none', 'password with token1'])
    expect(session.authorization()).toMatch(/token1$/)
  })

  test('that is refused with a new token too is refused, and not asked for ever', async () => {
    const { session, asked } = cloudWith([refusal('not_signed_in'), refusal('not_signed_in')])
    await session.restore()
    await expect(session.changePassword('the one of now', 'the one to come')).rejects.toBeInstanceOf(ProblemError)
    expect(asked.filter((each) => each.startsWith('password'))).toHaveLength(2)
  })
})

test('the life of a token that cannot be read is taken from the answer beside it', () => {
  const session = { ...sessionOf('x'), access_token: 'opaque' }
  expect(lifetimeMs(session, epochMs + 60_000)).toBe(840_000)
  expect(issuedAtMs('opaque')).toBeNull()
  expect(issuedAtMs(token(epochMs))).toBe(epochMs)
})
