import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '@jidoka/base'
import { OperationalError } from '@jidoka/base'

/** What a request was to do further once it had no time left: nobody waits for it, so it is not done. */
export class RequestOverError extends OperationalError {
  override name = 'RequestOverError'

  constructor() {
    super('the request that this was done for had no time left')
  }
}

/** Runs in each transaction of a tenant that a request makes, as its last statement. What it throws rolls the transaction back. */
export type BeforeCommit = (
  session: { run(statement: string, values: readonly unknown[]): Promise<number> },
  tenantId: string,
) => Promise<void>

/** A timer that a request had set, or a round that it began, goes on in its scope for ever: after this it is nobody's request any more. */
const lingerMs = 60_000

/** How long a request may still work, for whoever works for it. */
export class RequestScope {
  readonly #clock: Clock
  readonly #deadlineMs: number
  #state: 'open' | 'over' | 'done' = 'open'
  readonly #whenOver = new Set<() => void>()
  beforeCommit: BeforeCommit | undefined
  /** Says that something is about to be changed that none of the request's own transactions can tell of. */
  beforeElsewhere: (() => Promise<void>) | undefined

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock
    this.#deadlineMs = clock.monotonicMs() + limitMs
  }

  /** Null once it was answered, and a while after it was given up: what is done since is not done for it. */
  get leftMs(): number | null {
    const leftMs = this.#deadlineMs - this.#clock.monotonicMs()
    if (this.#state === 'open') return Math.max(0, leftMs)
    return this.isOver ? 0 : null
  }

  get isOver(): boolean {
    return this.#state === 'over' && this.#clock.monotonicMs() - this.#deadlineMs < lingerMs
  }

  /** It has no time left, or nobody waits for it any more; one that was answered stays so. */
  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'over'
    for (const action of this.#whenOver) action()
    this.#whenOver.clear()
  }

  /** Does this when it has no time left, or nobody waits for it any more. @returns what forgets it again */
  onOver(action: () => void): () => void {
    this.#whenOver.add(action)
    return () => void this.#whenOver.delete(action)
  }

  /** It was answered; one that is over stays so. */
  close(): void {
    // What is left of one that is over, and gets to the database long after, is still not to end behind the back of another attempt.
    if (this.#state === 'over') return
    this.#state = 'done'
    this.#whenOver.clear()
    this.beforeCommit = undefined
    this.beforeElsewhere = undefined
  }

  /** @throws RequestOverError */
  check(): void {
    if (this.isOver) throw new RequestOverError()
  }
}

const scopes = new AsyncLocalStorage<RequestScope | undefined>()

/** The scope of the request that this is done for. */
export const currentRequest = (): RequestScope | undefined => scopes.getStore()

export const inRequest = <Result>(scope: RequestScope, work: () => Result): Result => scopes.run(scope, work)

/** To be called before a request changes something in another process, as another tenant or as the owner of a database. */
export const beginsElsewhere = async (): Promise<void> => scopes.getStore()?.beforeElsewhere?.()

/** For what a request only sets going. */
export const outsideRequest = <Result>(work: () => Result): Result => scopes.run(undefined, work)
