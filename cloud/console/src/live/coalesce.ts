export interface Coalescer {
  /** Something has changed: `run` is called at once if it has rested long enough, else when it has. */
  readonly ask: () => void
  readonly stop: () => void
}

export interface CoalescerParts {
  readonly run: () => Promise<unknown>
  /** Rest after a run has ended, milliseconds. */
  readonly restMs: number
  readonly startTimer: (expired: () => void, ms: number) => () => void
}

/**
 * Turns any number of wishes into one run at a time with a rest in between, so that forty edges that all have news do not make
 * forty requests a second. A wish that comes during a run is not lost: what it is about may not be in that run's answer.
 * `run` handles its own failure.
 */
export function createCoalescer({ run, restMs, startTimer }: CoalescerParts): Coalescer {
  let phase: 'idle' | 'running' | 'resting' | 'stopped' = 'idle'
  let wanted = false
  let stopTimer: () => void = () => undefined

  const start = () => {
    phase = 'running'
    wanted = false
    void run().finally(() => {
      if (phase === 'stopped') return
      phase = 'resting'
      stopTimer = startTimer(() => {
        phase = 'idle'
        if (wanted) start()
      }, restMs)
    })
  }

  return {
    ask: () => {
      if (phase === 'idle') start()
      else wanted = true
    },
    stop: () => {
      phase = 'stopped'
      stopTimer()
    },
  }
}
