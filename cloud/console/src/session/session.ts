import type { CloudSession } from '@jidoka/contract'
import { backoffMs, ProblemError } from '@jidoka/ui'

/** `restoring`: the page has just been opened and the cookie is being asked. */
export type SessionState =
  | { readonly kind: 'restoring' }
  | { readonly kind: 'signed_out'; readonly because: 'never' | 'ended' | 'chosen' }
  | { readonly kind: 'unreachable'; readonly error: unknown }
  | { readonly kind: 'signed_in'; readonly session: CloudSession }

export interface SessionCalls {
  readonly login: (login: string, password: string) => Promise<CloudSession>
  /** By the cookie alone. Throws ProblemError `not_signed_in` when there is none, or none that is valid. */
  readonly refresh: () => Promise<CloudSession>
  readonly logout: () => Promise<void>
  /** With the token of the moment, and never refreshing it: it is called where a refresh would wait for this call's end. */
  readonly changePassword: (current: string, next: string) => Promise<CloudSession>
}

export interface SessionParts {
  readonly calls: SessionCalls
  /** Epoch milliseconds of this device. */
  readonly now: () => number
  readonly random: () => number
  /** Calls `expired` after that time, unless the function that it returns was called before. */
  readonly startTimer: (expired: () => void, ms: number) => () => void
  /**
   * Runs one at a time over all tabs of this browser. The cookie is rotated at each refresh and a used one counts as stolen:
   * two tabs that refresh at the same instant would sign each other out.
   */
  readonly exclusively: <Result>(run: () => Promise<Result>) => Promise<Result>
  /** Tells the other tabs that somebody signed out here. */
  readonly announceSignOut: () => void
}

export interface Session {
  readonly state: () => SessionState
  readonly subscribe: (listener: () => void) => () => void
  /** Asks the cookie; at the start of the page, and when a person tries again. */
  readonly restore: () => Promise<void>
  readonly signIn: (login: string, password: string) => Promise<void>
  readonly signOut: () => Promise<void>
  /** Goes on with the session that the new password brings. */
  readonly changePassword: (current: string, next: string) => Promise<void>
  /** Another tab signed out. */
  readonly signedOutElsewhere: () => void
  /** `Bearer ...`, or null while nobody is signed in. The token lives in memory only: a script that reads storage finds nothing. */
  readonly authorization: () => string | null
  /** For a call that was refused with 401: one refresh for however many calls ask at once. True when there is a new token. */
  readonly refresh: () => Promise<boolean>
}

/**
 * A refresh is due a minute before the end: long enough for two attempts at a bad line, short enough that a token of 15
 * minutes is not changed much more often than needed.
 */
const refreshBeforeEndMs = 60_000
/** 5 s at least between two refreshes: a cloud whose tokens live no longer than that must not be asked without a pause. */
const refreshRestMsMin = 5_000

interface Claims {
  readonly iat?: unknown
  readonly exp?: unknown
}

function claimsOf(token: string): Claims {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const claims: unknown = JSON.parse(atob(payload))
    return typeof claims === 'object' && claims !== null ? claims : {}
  } catch {
    return {}
  }
}

/** When the token was made, by the server's clock, in epoch milliseconds; null when it does not say. */
export function issuedAtMs(token: string): number | null {
  const { iat } = claimsOf(token)
  return typeof iat === 'number' ? iat * 1_000 : null
}

/** How long the token lives: by its own two instants, since this device's clock may be an hour off. */
export function lifetimeMs(session: CloudSession, nowMs: number): number {
  const { iat, exp } = claimsOf(session.access_token)
  if (typeof iat === 'number' && typeof exp === 'number') return (exp - iat) * 1_000
  return Date.parse(session.expires_at) - nowMs
}

export function createSession(parts: SessionParts): Session {
  const listeners = new Set<() => void>()
  let state: SessionState = { kind: 'restoring' }
  let underWay: Promise<boolean> | null = null
  let stopTimer: () => void = () => undefined
  let endsAtMs = 0
  // A sign-in or sign-out while a refresh is under way makes the refresh's answer worthless.
  let generation = 0

  const become = (next: SessionState) => {
    state = next
    for (const listener of listeners) listener()
  }

  const end = (because: 'never' | 'ended' | 'chosen') => {
    generation += 1
    stopTimer()
    become({ kind: 'signed_out', because })
  }

  const take = (session: CloudSession) => {
    generation += 1
    const lifeMs = lifetimeMs(session, parts.now())
    endsAtMs = parts.now() + lifeMs
    become({ kind: 'signed_in', session })
    schedule(Math.max(refreshRestMsMin, lifeMs - refreshBeforeEndMs), 0)
  }

  const schedule = (ms: number, attempt: number) => {
    stopTimer()
    stopTimer = parts.startTimer(() => void refreshInTime(attempt), ms)
  }

  async function refreshInTime(attempt: number): Promise<void> {
    await refresh()
    // Not refreshed, and not signed out either: the line is bad. The token is good until its end, and the cookie for days.
    if (state.kind === 'signed_in' && endsAtMs - parts.now() <= refreshBeforeEndMs) {
      schedule(backoffMs(attempt, parts.random), attempt + 1)
    }
  }

  async function refreshOnce(): Promise<boolean> {
    const started = generation
    try {
      const session = await parts.exclusively(parts.calls.refresh)
      if (generation !== started) return state.kind === 'signed_in'
      take(session)
      return true
    } catch (error) {
      if (generation !== started) return state.kind === 'signed_in'
      if (error instanceof ProblemError && error.is('not_signed_in')) {
        end(state.kind === 'signed_in' ? 'ended' : 'never')
      } else if (state.kind !== 'signed_in') {
        become({ kind: 'unreachable', error })
      }
      return false
    }
  }

  function refresh(): Promise<boolean> {
    underWay ??= refreshOnce().finally(() => {
      underWay = null
    })
    return underWay
  }

  // Not while a refresh rotates the cookie that the answer brings; and a refresh that it needs itself comes between two turns.
  async function changePassword(current: string, next: string): Promise<void> {
    const ask = () => parts.exclusively(() => parts.calls.changePassword(current, next))
    take(
      await ask().catch(async (error: unknown) => {
        if (!(error instanceof ProblemError && error.is('not_signed_in') && (await refresh()))) throw error
        return await ask()
      }),
    )
  }

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    restore: async () => {
      become({ kind: 'restoring' })
      await refresh()
    },
    signIn: async (login, password) => take(await parts.calls.login(login, password)),
    signOut: async () => {
      // The cookie must die at the server first: otherwise the next visitor of this browser would be signed in by it.
      await parts.exclusively(parts.calls.logout)
      end('chosen')
      parts.announceSignOut()
    },
    changePassword,
    signedOutElsewhere: () => {
      if (state.kind === 'signed_in') end('chosen')
    },
    authorization: () => (state.kind === 'signed_in' ? `Bearer ${state.session.access_token}` : null),
    refresh,
  }
}
