import { z } from 'zod'
import { countSchema } from './lane.ts'

/** Ten years: an appliance whose clock was that wrong says nothing with it. */
const oldestMsMax = 10 * 366 * 86_400_000

export const laneWaitingSchema = z.strictObject({
  rows: countSchema,
  /** Age of the oldest of them by the edge's clock, as it was when this was written; null where none waits, or nobody knows. */
  oldest_ms: z.number().int().nonnegative().max(oldestMsMax).nullable(),
})

/** What of each lane is neither receipted nor in the batch that says it. */
export const waitingSchema = z.strictObject({ records: laneWaitingSchema, readings: laneWaitingSchema })
export type Waiting = Readonly<z.infer<typeof waitingSchema>>

/** The age of a row for the line; a clock that was set back makes none that is negative. */
export const waitingAgeMs = (nowMs: number, storedMs: number): number =>
  Math.min(oldestMsMax, Math.max(0, Math.round(nowMs - storedMs)))
