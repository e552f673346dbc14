import { CronExpressionParser } from 'cron-parser'

/** Longer than any day with a change of clocks: whoever begins here is through with the change when the day in question comes. */
const runUpMs = 26 * 3_600_000
/** A run-up of every minute has 1,560; what is rarer than once in a year is no schedule of ours. */
const stepsMax = 2_000

/**
 * The first instant behind `afterMs` at which a schedule of five fields is due in a time zone. A wall-clock time that a change of clocks leaves out is due
 * as much later as the clocks go forward (02:30 at 03:30), one that comes twice is due at the first; so what is daily happens once on each day.
 * @throws Error when the expression is none
 */
export function nextDueMs(expression: string, timeZone: string, afterMs: number): number {
  // Begun within the hour that is left out or comes twice, the parser would leave that day out, or have it twice.
  const dues = CronExpressionParser.parse(expression, { currentDate: new Date(afterMs - runUpMs), tz: timeZone })
  for (let step = 0; step < stepsMax; step++) {
    const dueMs = dues.next().toDate().getTime()
    if (dueMs > afterMs) return dueMs
  }
  throw new Error(`the schedule "${expression}" is due too often`)
}
