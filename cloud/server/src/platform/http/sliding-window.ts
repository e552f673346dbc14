/** The attempts of one key, in two windows that stand still: the one of now and the one before. */
export interface Counts {
  /** Number of the window of now since 1970. */
  readonly window: number
  readonly now: number
  readonly before: number
}

export interface Standing {
  /** Attempts that are left. */
  readonly left: number
  /** Until one more is left than now, where none is taken meanwhile; 0 where all are. */
  readonly resetMs: number
}

/** Counts as of an instant: those of windows that have passed fall away. */
export function countsAt(counts: Counts | undefined, nowMs: number, windowMs: number): Counts {
  const window = Math.floor(nowMs / windowMs)
  if (counts?.window === window) return counts
  return { window, now: 0, before: counts?.window === window - 1 ? counts.now : 0 }
}

/**
 * A window that slides: the one of now, and of the one before as much as still lies within. Exact where attempts come evenly, and never more than twice the
 * maximum in any window; it needs two numbers a key, where exact instants would need one for each attempt.
 * The same is computed in Redis by `rate-script.ts`, and a test holds the two against each other.
 */
export function standingOf(
  counts: Counts,
  nowMs: number,
  { max, windowMs }: { max: number; windowMs: number },
): Standing {
  const passedMs = nowMs - counts.window * windowMs
  const still = Math.floor((counts.before * (windowMs - passedMs)) / windowMs)
  let resetMs = 0
  if (still > 0) resetMs = Math.floor((windowMs * (counts.before - still)) / counts.before) + 1 - passedMs
  else if (counts.now > 0) resetMs = windowMs - passedMs + 1
  return { left: max - counts.now - still, resetMs }
}
