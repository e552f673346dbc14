/** The one timer of a page: every age and clock hangs on it, so that a board of 500 values wakes up once a second and not 500 times. */
export interface Ticker {
  /** Epoch milliseconds by the server's clock, as of the last tick: stable while a page renders. */
  readonly tickMs: () => number
  /** Epoch milliseconds by the server's clock, now. */
  readonly nowMs: () => number
  /** Takes the server's instant from an answer: a panel's own clock may be an hour off, and ages must not be. */
  readonly correct: (serverNowMs: number) => void
  readonly subscribe: (listener: () => void) => () => void
}

export interface TickerParts {
  readonly now: () => number
  readonly every: (listener: () => void, ms: number) => () => void
}

/** 1 s: ages are shown in whole seconds; a faster tick would only cost power. */
const tickEveryMs = 1_000

const browserParts: TickerParts = {
  now: () => Date.now(),
  every: (listener, ms) => {
    const timer = setInterval(listener, ms)
    return () => clearInterval(timer)
  },
}

export function createTicker(parts: TickerParts = browserParts): Ticker {
  const listeners = new Set<() => void>()
  let offsetMs = 0
  let tickedMs = parts.now()
  let stop: (() => void) | null = null

  const tick = () => {
    tickedMs = parts.now() + offsetMs
    for (const listener of listeners) listener()
  }

  return {
    tickMs: () => {
      // Nobody listened for a while, so nobody ticked.
      if (stop === null && parts.now() + offsetMs - tickedMs >= tickEveryMs) tickedMs = parts.now() + offsetMs
      return tickedMs
    },
    nowMs: () => parts.now() + offsetMs,
    correct: (serverNowMs) => {
      const offsetSeenMs = serverNowMs - parts.now()
      // The way of the answer takes some milliseconds: following each of them would make ages jitter.
      if (Math.abs(offsetSeenMs - offsetMs) < tickEveryMs) return
      offsetMs = offsetSeenMs
      tick()
    },
    subscribe: (listener) => {
      listeners.add(listener)
      if (stop === null) {
        tickedMs = parts.now() + offsetMs
        stop = parts.every(tick, tickEveryMs)
      }
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        stop?.()
        stop = null
      }
    },
  }
}
