import { Cron } from 'croner'

/**
 * The first instant behind `afterMs` at which a schedule of five fields is due in a time zone. A wall-clock time that a change of clocks leaves out is due
 * when the clocks have gone forward (02:30 at 03:00), one that comes twice is due at the first; so what is daily happens once on each day.
 * @throws Error when the expression is none, or names a time that never comes
 */
export function nextDueMs(expression: string, timeZone: string, afterMs: number): number {
  const due = new Cron(expression, { timezone: timeZone, mode: '5-part', paused: true }).nextRun(new Date(afterMs))
  if (due === null) throw new Error(`the schedule "${expression}" is never due`)
  return due.getTime()
}
