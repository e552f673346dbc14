import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '@jidoka/base'
import { z } from 'zod'

export const sessionLimits = {
  /** 12 h without a request: a shift and its handover; a panel that shows the board asks all the time and stays signed in. */
  idleMs: 12 * 3_600_000,
  /** 30 days in any case, so that a stolen cookie ends. */
  ageMs: 30 * 86_400_000,
  /** 200 on one appliance (some 40 KB on disk); the one idle longest goes first. */
  sessionsMax: 200,
  /** A use is written to disk at most every 10 minutes: each write is a commit beside the readings. */
  touchEveryMs: 600_000,
}

const storedSchema = z.array(
  z.object({
    hash: z.string().length(43),
    login: z.string(),
    createdMs: z.number(),
    usedMs: z.number(),
    passwordMark: z.string(),
  }),
)

export interface Session {
  /** SHA-256 of the token: the token itself is only in the browser. */
  readonly hash: string
  readonly login: string
  readonly createdMs: number
  usedMs: number
  /** Changes with the password, so that a new password ends the sessions of the old one. */
  readonly passwordMark: string
}

/**
 * Sessions of people on the appliance. In memory for every request, and on disk so that a restart signs nobody out.
 * `save` gets the whole table as text.
 */
export class SessionTable {
  readonly #clock: Clock
  readonly #save: (text: string) => Promise<void>
  readonly #sessions = new Map<string, Session>()
  #savedMs = 0

  constructor(clock: Clock, stored: string | null, save: (text: string) => Promise<void>) {
    this.#clock = clock
    this.#save = save
    for (const session of stored === null ? [] : storedSchema.parse(JSON.parse(stored)))
      this.#sessions.set(session.hash, session)
    this.#dropEnded()
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Returns the token for the cookie; resolves when the session is on disk. */
  async create(login: string, passwordHash: string): Promise<string> {
    const token = randomBytes(32).toString('base64url')
    const nowMs = this.#clock.nowMs()
    const session = {
      hash: hashOf(token),
      login,
      createdMs: nowMs,
      usedMs: nowMs,
      passwordMark: hashOf(passwordHash).slice(0, 12),
    }
    this.#dropEnded()
    if (this.#sessions.size >= sessionLimits.sessionsMax) {
      const idlest = [...this.#sessions.values()].sort((left, right) => left.usedMs - right.usedMs)[0]
      if (idlest) this.#sessions.delete(idlest.hash)
    }
    this.#sessions.set(session.hash, session)
    await this.#persist()
    return token
  }

  /** The living session of a token, and marks it used. `passwordHashOf` says the present hash of a login, null for a user who is gone. */
  find(token: string, passwordHashOf: (login: string) => string | null): Session | null {
    const session = this.#sessions.get(hashOf(token))
    if (!session || !this.isAlive(session, passwordHashOf)) return null
    session.usedMs = this.#clock.nowMs()
    if (session.usedMs - this.#savedMs > sessionLimits.touchEveryMs) {
      this.#savedMs = session.usedMs
      // Not awaited: a lost touch costs at most minutes of idle time, and the store reports its own troubles.
      this.#persist().catch(() => {
        this.#savedMs = 0
      })
    }
    return session
  }

  isAlive(session: Session, passwordHashOf: (login: string) => string | null): boolean {
    const passwordHash = passwordHashOf(session.login)
    return (
      this.#sessions.has(session.hash) &&
      !this.#hasEnded(session) &&
      passwordHash !== null &&
      hashOf(passwordHash).slice(0, 12) === session.passwordMark
    )
  }

  async end(session: Session): Promise<void> {
    this.#sessions.delete(session.hash)
    await this.#persist()
  }

  #hasEnded(session: Session): boolean {
    const nowMs = this.#clock.nowMs()
    return nowMs - session.usedMs > sessionLimits.idleMs || nowMs - session.createdMs > sessionLimits.ageMs
  }

  #dropEnded(): void {
    for (const session of this.#sessions.values()) if (this.#hasEnded(session)) this.#sessions.delete(session.hash)
  }

  async #persist(): Promise<void> {
    this.#savedMs = this.#clock.nowMs()
    await this.#save(JSON.stringify([...this.#sessions.values()]))
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url')
