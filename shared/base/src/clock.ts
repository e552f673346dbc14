/** Time as an input. Programs get `systemClock`; tests and the simulation turn a `ManualClock` by hand. */
export interface Clock {
  /** Wall clock, milliseconds since 1970 UTC. May jump: never used for order. */
  nowMs(): number
  /** Milliseconds that only grow; for durations and deadlines. */
  monotonicMs(): number
  /** Calls `run` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

interface Timer {
  dueMs: number
  run: () => void
}

export class ManualClock implements Clock {
  #wallMs: number
  #elapsedMs = 0
  #timers = new Set<Timer>()

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs
  }

  nowMs(): number {
    return this.#wallMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets time pass, running every timer at its own instant, those set meanwhile included. */
  advance(byMs: number): void {
    const untilMs = this.#elapsedMs + byMs
    for (;;) {
      const next = [...this.#timers].filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0]
      if (!next) break
      this.#pass(next.dueMs - this.#elapsedMs)
      this.#timers.delete(next)
      next.run()
    }
    this.#pass(untilMs - this.#elapsedMs)
  }

  /** Moves the wall clock alone, as a person or NTP does; timers and durations are untouched. */
  jump(byMs: number): void {
    this.#wallMs += byMs
  }

  #pass(ms: number): void {
    this.#elapsedMs += ms
    this.#wallMs += ms
  }
}
