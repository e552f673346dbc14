import type { Clock, Log } from '@jidoka/base'
import { Circuit } from './circuit.ts'
import type { Attempt, CircuitState } from './circuit.ts'
import { remoteLimits } from './limits.ts'
import type { ReachableModule } from './module-names.ts'
import type { SharedCircuit } from './shared-circuits.ts'

export interface GuardedCircuitParts {
  readonly module: ReachableModule
  readonly clock: Clock
  readonly log: Log
  /** Null without Redis. */
  readonly shared: SharedCircuit | null
}

/** The circuit of one module as this process sees it, told to the others and heard from them. */
export class GuardedCircuit {
  readonly #parts: GuardedCircuitParts
  readonly #circuit: Circuit
  #lookedMs = Number.NEGATIVE_INFINITY
  /** Whether the others were seen to know that it is open: only then does their not knowing mean a reset. */
  #isTold = false

  constructor(parts: GuardedCircuitParts) {
    this.#parts = parts
    this.#circuit = new Circuit(parts.clock)
  }

  get state(): CircuitState {
    return this.#circuit.state
  }

  get waitMs(): number {
    return this.#circuit.waitMs
  }

  /** A key that goes away from now on was deleted by hand. */
  get isKnownToOthers(): boolean {
    return this.#isTold
  }

  begin(): Attempt | null {
    const attempt = this.#circuit.begin()
    if (attempt === null) {
      if (this.#isTimeToLook()) void this.#lookForReset()
      return null
    }
    const ended = (how: keyof Attempt) => () => {
      const before = this.#circuit.state
      attempt[how]()
      this.#tell(before)
      if (how === 'failed' && this.#circuit.state === 'closed' && this.#isTimeToLook()) void this.#lookForOpen()
    }
    return { succeeded: ended('succeeded'), failed: ended('failed'), left: ended('left') }
  }

  #tell(before: CircuitState): void {
    const { state } = this.#circuit
    if (state === before) return
    const { module, log, shared } = this.#parts
    if (state === 'open') {
      log.warn(
        { action: 'circuit.open', module, success: false },
        `the module ${module} does not answer; it is asked again in ${remoteLimits.circuitOpenMs / 1_000} s`,
      )
      this.#isTold = false
      shared?.tellOpen()
    } else if (state === 'closed') {
      log.info({ action: 'circuit.close', module, success: true }, `the module ${module} answers again`)
      shared?.tellClosed()
    }
  }

  #isTimeToLook(): boolean {
    if (this.#parts.shared === null) return false
    const nowMs = this.#parts.clock.monotonicMs()
    if (nowMs - this.#lookedMs < remoteLimits.circuitLookMs) return false
    this.#lookedMs = nowMs
    return true
  }

  /** Another process may know already what this one would find out by five more failures. */
  async #lookForOpen(): Promise<void> {
    const ageMs = await this.#parts.shared?.openForMs()
    if (typeof ageMs !== 'number' || ageMs >= remoteLimits.circuitOpenMs) return
    this.#circuit.openedElsewhere(ageMs)
    this.#isTold = true
  }

  async #lookForReset(): Promise<void> {
    const ageMs = await this.#parts.shared?.openForMs()
    if (typeof ageMs === 'number') this.#isTold = true
    else if (ageMs === null && this.#isTold && this.#circuit.state === 'open') {
      this.#circuit.close()
      const { module, log } = this.#parts
      log.info({ action: 'circuit.reset', module, success: true }, `the circuit of ${module} was reset by hand`)
    }
  }
}
