/** A disk that is full stays so for minutes; a cable that was touched comes back at once. */
const delayMsFirst = 250
/** Longer, and people who freed space would wait and wonder. */
const delayMsMax = 5_000

/** How long to wait before the store is tried again after so many failures in a row (>= 1). */
export function retryDelayMs(failures: number): number {
  return Math.min(delayMsMax, delayMsFirst * 2 ** Math.min(Math.max(failures, 1) - 1, 10))
}
