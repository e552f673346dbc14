import { uplinkLimits } from './limits.ts'

/**
 * Exponential with jitter: between half and the whole of `retryDelayMsMin * 2^tries`, so that edges which lost the cloud at the
 * same instant do not come back at the same instant.
 * @param tries failures before this one
 * @param random 0 <= random < 1
 */
export function retryDelayMs(tries: number, random: number): number {
  const wholeMs = Math.min(uplinkLimits.retryDelayMsMax, uplinkLimits.retryDelayMsMin * 2 ** Math.min(tries, 30))
  return Math.round(wholeMs * (0.5 + random / 2))
}

/** At least what the other end asked for, and up to a quarter more; never less than the back-off of our own. */
export function retryAfterMs(askedMs: number, tries: number, random: number): number {
  const asked = Math.min(askedMs, uplinkLimits.retryAfterMsMax)
  return Math.max(Math.round(asked * (1 + random / 4)), retryDelayMs(tries, random))
}
