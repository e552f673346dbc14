/**
 * Pause before attempt n (0 is the first retry): doubles from 500 ms to 15 s, of which a random half is taken, so that forty
 * panels do not knock at once when their appliance is back. 15 s: the longest that an operator should look at an old board.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const full = Math.min(15_000, 500 * 2 ** Math.min(attempt, 10))
  return full / 2 + (random() * full) / 2
}
