import type { Failure } from '@jidoka/sync-engine'
import type { Cursor, Receipt, Refusal, TroubleReport } from '@jidoka/sync-protocol'
import type { Disturbance, DisturbanceKind } from './plan.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

export interface Sender {
  readonly edgeId: string
  /** Which edge of the plan, for the line's disturbances. */
  readonly index: number
  /** The time that it signs with. */
  readonly signedAtMs: number
  readonly protocol: string
}
export type Request = Sender &
  (
    | { readonly kind: 'cursor'; readonly epoch: string }
    | { readonly kind: 'batch'; readonly bytes: Uint8Array }
    | { readonly kind: 'trouble'; readonly report: TroubleReport }
  )
export type Answer =
  | { readonly kind: 'cursor'; readonly cursor: Cursor }
  | { readonly kind: 'receipt'; readonly receipt: Receipt }
  | { readonly kind: 'noted' }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly cloudMs: number }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'broken' }
export type Outcome =
  | Extract<Answer, { kind: 'cursor' | 'receipt' | 'noted' }>
  | { readonly kind: 'failed'; readonly failure: Failure; readonly cloudMs: number | null }

export interface Server {
  /** `respond` is called at most once; never, when the server dies first. */
  handle(request: Request, respond: (answer: Answer) => void): void
  /** What a box on the way would answer to a batch, or null where it knows no better. */
  forge(request: Request): Receipt | null
}

const failed = (failure: Failure): Outcome => ({ kind: 'failed', failure, cloudMs: null })

/** Carries requests from edges to the cloud, as badly as the plan has it at that time. */
export class Network {
  messages = 0
  readonly #windows: {
    readonly kind: DisturbanceKind
    readonly edge: number
    readonly untilMs: number
    readonly strength: number
  }[] = []
  readonly #random: Random
  readonly #scheduler: Scheduler
  readonly #server: Server

  constructor(random: Random, scheduler: Scheduler, server: Server) {
    this.#random = random
    this.#scheduler = scheduler
    this.#server = server
  }

  disturb({ kind, edge, forMs, strength }: Disturbance, endMs: number): void {
    this.#windows.push({ kind, edge, untilMs: Math.min(endMs, this.#scheduler.nowMs + forMs), strength })
  }

  /**
   * One HTTP request: an outcome within `timeoutMs`, and after a time-out perhaps the answer too, which nobody waits for any more (S12). What arrives in
   * the cloud, and how often, is another matter.
   */
  request(request: Request, timeoutMs: number, done: (outcome: Outcome) => void): void {
    this.messages++
    const { index } = request
    let state: 'open' | 'timed_out' | 'answered' = 'open'
    const settle = (outcome: Outcome) => {
      if (state === 'answered') return
      state = 'answered'
      done(outcome)
    }
    this.#scheduler.after(timeoutMs, () => {
      if (state !== 'open') return
      state = 'timed_out'
      done(failed({ kind: 'timeout' }))
    })
    const reset = () => settle(failed({ kind: 'network', cause: 'ECONNRESET' }))
    const copies = this.#strikes('repeats', index) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (this.#isOn('cut', index) || this.#isOn('cut_up', index) || this.#strikes('lost_requests', index)) {
        // Half of what is lost is noticed at once, the other half by the timeout only.
        if (this.#random.chance(0.5)) this.#scheduler.after(this.#delayMs(index), reset)
        continue
      }
      const bytes = request.kind === 'batch' ? request.bytes.length : 300
      const slowMs = this.#isOn('slow_line', index) ? bytes * 4 : 0
      this.#scheduler.after(this.#delayMs(index) + slowMs, () => this.#arrive(request, settle, reset))
    }
  }

  #arrive(request: Request, settle: (outcome: Outcome) => void, reset: () => void): void {
    const { index } = request
    if (this.#strikes('strange_answers', index))
      return settle(failed({ kind: 'strange_answer', status: 502, retryAfterMs: null }))
    if (this.#strikes('busy', index))
      return settle(failed({ kind: 'refused', refusal: { kind: 'busy', retry_after_ms: 2_000 } }))
    const forged = this.#strikes('forged_answers', index) ? this.#server.forge(request) : null
    if (forged !== null) return settle({ kind: 'receipt', receipt: forged })
    this.#server.handle(request, (answer) => {
      if (answer.kind === 'broken') return this.#scheduler.after(this.#delayMs(index), reset)
      // Later than anybody waits for it (S12), as a proxy does that was asleep.
      const heldMs =
        request.kind === 'cursor' && this.#isOn('held_answers', index) ? this.#random.between(29_000, 37_000) : 0
      const isLost = this.#isOn('cut', index) || this.#isOn('cut_down', index) || this.#isOn('half_open', index)
      if (!isLost && !this.#strikes('lost_answers', index))
        this.#scheduler.after(this.#delayMs(index) + heldMs, () => settle(outcomeOf(answer)))
    })
  }

  #isOn(kind: DisturbanceKind, edge: number): boolean {
    const { nowMs } = this.#scheduler
    return this.#windows.some((each) => each.kind === kind && each.edge === edge && nowMs < each.untilMs)
  }

  #strikes(kind: DisturbanceKind, edge: number): boolean {
    const { nowMs } = this.#scheduler
    for (const each of this.#windows)
      if (each.kind === kind && each.edge === edge && nowMs < each.untilMs && this.#random.chance(each.strength * 0.6))
        return true
    return false
  }

  /** Up to 40 s: longer than the time-out, so that a batch can arrive after it was given up and sent again. */
  #delayMs(edge: number): number {
    return this.#strikes('delays', edge) ? this.#random.between(1_000, 40_000) : this.#random.between(2, 80)
  }
}

function outcomeOf(answer: Exclude<Answer, { kind: 'broken' }>): Outcome {
  if (answer.kind === 'refused')
    return { kind: 'failed', failure: { kind: 'refused', refusal: answer.refusal }, cloudMs: answer.cloudMs }
  if (answer.kind === 'not_found') return failed({ kind: 'strange_answer', status: 404, retryAfterMs: null })
  return answer
}
