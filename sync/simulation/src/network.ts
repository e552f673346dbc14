import type { Cursor, Receipt, Refusal } from '@jidoka/sync-protocol'
import type { Failure } from '@jidoka/sync-engine'
import type { Faults } from './options.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

export type Request =
  | { readonly kind: 'cursor'; readonly edgeId: string; readonly epoch: string }
  | { readonly kind: 'batch'; readonly edgeId: string; readonly bytes: Uint8Array }
export type Answer =
  | { readonly kind: 'cursor'; readonly cursor: Cursor }
  | { readonly kind: 'receipt'; readonly receipt: Receipt }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'broken' }
export type Outcome =
  | Exclude<Answer, { kind: 'refused' | 'broken' }>
  | { readonly kind: 'failed'; readonly failure: Failure }

export interface Server {
  /** `respond` is called at most once; never, when the server dies first. */
  handle(request: Request, respond: (answer: Answer) => void): void
}

/** Carries requests from edges to the cloud, badly for as long as the world is bad. */
export class Network {
  calm = false
  messages = 0
  #cutUntilMs = { up: 0, down: 0 }
  readonly #random: Random
  readonly #scheduler: Scheduler
  readonly #faults: Faults
  readonly #server: Server

  constructor(random: Random, scheduler: Scheduler, faults: Faults, server: Server) {
    this.#random = random
    this.#scheduler = scheduler
    this.#faults = faults
    this.#server = server
  }

  /** Cuts the line, in one direction or both. */
  cut(durationMs: number, direction: 'up' | 'down' | 'both'): void {
    const untilMs = this.#scheduler.nowMs + durationMs
    if (direction !== 'down') this.#cutUntilMs.up = untilMs
    if (direction !== 'up') this.#cutUntilMs.down = untilMs
  }

  /** One HTTP request: exactly one outcome, within `timeoutMs`. What arrives in the cloud, and how often, is another matter. */
  request(request: Request, timeoutMs: number, done: (outcome: Outcome) => void): void {
    this.messages++
    let settled = false
    const settle = (outcome: Outcome) => {
      if (settled) return
      settled = true
      done(outcome)
    }
    this.#scheduler.after(timeoutMs, () => settle({ kind: 'failed', failure: { kind: 'timeout' } }))
    const reset = () => settle({ kind: 'failed', failure: { kind: 'network', cause: 'ECONNRESET' } })
    const copies = this.#happens(this.#faults.duplicated) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (this.#lost('up', this.#faults.requestLost)) {
        // Half of what is lost is noticed at once, the other half by the timeout only.
        if (this.#random.chance(0.5)) this.#scheduler.after(this.#delayMs(), reset)
        continue
      }
      this.#scheduler.after(this.#delayMs(), () => this.#arrive(request, settle, reset))
    }
  }

  #arrive(request: Request, settle: (outcome: Outcome) => void, reset: () => void): void {
    if (this.#happens(this.#faults.strangeAnswer))
      return settle({ kind: 'failed', failure: { kind: 'strange_answer', status: 502, retryAfterMs: null } })
    if (this.#happens(this.#faults.busy))
      return settle({ kind: 'failed', failure: { kind: 'refused', refusal: { kind: 'busy', retry_after_ms: 2_000 } } })
    this.#server.handle(request, (answer) => {
      if (answer.kind === 'broken') this.#scheduler.after(this.#delayMs(), reset)
      else if (!this.#lost('down', this.#faults.answerLost))
        this.#scheduler.after(this.#delayMs(), () => settle(outcomeOf(answer)))
    })
  }

  #lost(direction: 'up' | 'down', probability: number): boolean {
    return (!this.calm && this.#scheduler.nowMs < this.#cutUntilMs[direction]) || this.#happens(probability)
  }

  #happens(probability: number): boolean {
    return !this.calm && this.#random.chance(probability)
  }

  /** Up to 40 s: longer than the time-out, so that a batch can arrive after it was given up and sent again. */
  #delayMs(): number {
    return this.#happens(this.#faults.longDelay) ? this.#random.between(1_000, 40_000) : this.#random.between(2, 80)
  }
}

const outcomeOf = (answer: Exclude<Answer, { kind: 'broken' }>): Outcome =>
  answer.kind === 'refused' ? { kind: 'failed', failure: { kind: 'refused', refusal: answer.refusal } } : answer
