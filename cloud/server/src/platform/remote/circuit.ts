import type { Clock } from '@jidoka/base'
import { remoteLimits } from './limits.ts'

export type CircuitState = 'closed' | 'open' | 'half_open'

/** One call that was let through; exactly one of the three is called when it has ended. */
export interface Attempt {
  succeeded(): void
  failed(): void
  /** Whoever asked has gone: it says nothing of the other end. */
  left(): void
}

/**
 * Spares a module that does not answer, and those who would wait for it. Opens when more than five of the last ten calls have failed; half a minute later one
 * call is let through, whose end decides. Calls that began before it opened or closed say nothing of what is now.
 */
export class Circuit {
  readonly #clock: Clock
  /** True: it failed. */
  #outcomes: boolean[] = []
  #openedMs: number | null = null
  #probe: { readonly me: symbol; readonly sinceMs: number } | null = null
  #life = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get state(): CircuitState {
    if (this.#openedMs === null) return 'closed'
    return this.#clock.monotonicMs() - this.#openedMs < remoteLimits.circuitOpenMs ? 'open' : 'half_open'
  }

  /** Until the next call is let through; 0 when it is closed or one would be now. */
  get waitMs(): number {
    if (this.#openedMs === null) return 0
    return Math.max(0, this.#openedMs + remoteLimits.circuitOpenMs - this.#clock.monotonicMs())
  }

  /** Null: do not call. */
  begin(): Attempt | null {
    const { state } = this
    if (state === 'open' || (state === 'half_open' && this.#isTrying)) return null
    const me = Symbol('attempt')
    const life = this.#life
    if (state === 'half_open') this.#probe = { me, sinceMs: this.#clock.monotonicMs() }
    return {
      succeeded: () => this.#end(me, life, 'succeeded'),
      failed: () => this.#end(me, life, 'failed'),
      left: () => this.#end(me, life, 'left'),
    }
  }

  get #isTrying(): boolean {
    return this.#probe !== null && this.#clock.monotonicMs() - this.#probe.sinceMs < remoteLimits.circuitTrialMs
  }

  /** As another process found it `ageMs` ago. */
  openedElsewhere(ageMs: number): void {
    if (this.#openedMs === null) this.#open(ageMs)
  }

  close(): void {
    this.#openedMs = null
    this.#outcomes = []
    this.#probe = null
    this.#life++
  }

  #open(ageMs = 0): void {
    this.#openedMs = this.#clock.monotonicMs() - ageMs
    this.#outcomes = []
    this.#probe = null
    this.#life++
  }

  #end(me: symbol, life: number, how: keyof Attempt): void {
    if (life !== this.#life) return
    if (this.#openedMs !== null) {
      if (this.#probe?.me !== me) return
      this.#probe = null
      if (how === 'succeeded') this.close()
      else if (how === 'failed') this.#open()
      return
    }
    if (how === 'left') return
    this.#outcomes = [...this.#outcomes, how === 'failed'].slice(-remoteLimits.circuitCalls)
    if (this.#outcomes.filter(Boolean).length > remoteLimits.circuitFailuresMax) this.#open()
  }
}
