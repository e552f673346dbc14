import { z } from 'zod'
import { codeSchema } from './place.ts'

/** What rule inputs may ask of a sensor's recent readings. Each bound prevents that one rule takes the appliance's memory or time. */
export const windowLimits = {
  /** 8 h, a shift: every reading of it is held in memory and read again from the journal after a start. */
  secondsMax: 28_800,
  /** Readings of a window by count: some 100 bytes each. */
  countMax: 10_000,
  /** 5 min: a gateway's own buffer. Tumbling windows close so much later, and late readings are put in order so far back. */
  latenessSMax: 300,
  /** Below 0.01 an EWMA looks at thousands of readings each time, and hardly moves within the longest window. */
  alphaMin: 0.01,
} as const

export const windowStats = [
  'mean',
  'min',
  'max',
  'range',
  'stddev',
  'sum',
  'count',
  'first',
  'last',
  'slope',
  'rate',
  'last_age',
  'ewma',
] as const
/**
 * What is made of a window's readings:
 * `stddev` of the sample (n - 1), `range` max - min, `first` and `last` by source time, `slope` of the line of least squares per
 * second, `rate` the change per second from the first to the last, `last_age` seconds since the last. `ewma` is the mean of the
 * window with weights that fall from the newest back: by (1 - alpha) a reading, or by half each `half_life_s` of source time.
 */
export const windowStatSchema = z.enum(windowStats)
export type WindowStat = z.infer<typeof windowStatSchema>

/** Readings that a figure is not defined without: two for a spread or a direction, one for all others. */
export const readingsNeeded = (stat: WindowStat): 1 | 2 =>
  stat === 'stddev' || stat === 'slope' || stat === 'rate' ? 2 : 1

const name = z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'an input has small letters, digits and "_"')
const age = z.number().positive().max(86_400)
/** How far behind the newest reading of its sensor, by source time, a reading may come and still be put in its place. */
const lateness = z.number().min(0).max(windowLimits.latenessSMax).default(10)

export const windowSpanSchema = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('time'), seconds: z.number().positive().max(windowLimits.secondsMax) }),
  z.strictObject({ by: z.literal('count'), count: z.number().int().min(1).max(windowLimits.countMax) }),
])

/**
 * A figure over a sensor's recent readings, by their source time. Readings of bad quality are left out, uncertain ones count;
 * a repeated reading (same time, same value) counts once. With fewer readings than `count_min` the input is missing (I4).
 *
 * A sliding window ends with the sensor's newest reading. Tumbling windows lie side by side, from the epoch (UTC) on by time,
 * from each midnight UTC on by count; the rule sees the last one that is closed: no reading can come into it any more,
 * since the newest one is `lateness_s` past its end.
 */
export const windowInputSchema = z.strictObject({
  name,
  from: z.literal('window'),
  /** Of the same equipment if it has such a sensor, else of the line; absent: the triggering tag's own readings. */
  sensor: codeSchema.optional(),
  window: windowSpanSchema,
  mode: z.enum(['sliding', 'tumbling']).default('sliding'),
  stat: windowStatSchema,
  /** Of `ewma`, either of the two. */
  alpha: z.number().min(windowLimits.alphaMin).max(1).optional(),
  half_life_s: z.number().positive().max(windowLimits.secondsMax).optional(),
  count_min: z.number().int().min(1).max(windowLimits.countMax).optional(),
  lateness_s: lateness,
  /** Of the newest reading in the window. */
  max_age_s: age.default(60),
  kind: z.literal('number'),
})

/**
 * Tests of a control chart over a sensor's readings, as a mask: bit n - 1 is set when the newest reading violates test n.
 * Rules ask it with `nelson(input.x, 3)`, `western_electric(input.x, 1)` or `violated(input.x)`.
 *
 * Centre and sigma are those of the process in control, which somebody has found and answers for; they are not estimated from
 * the first readings, since a verdict could then not be made again once those have left the journal.
 */
export const chartInputSchema = z.strictObject({
  name,
  from: z.literal('chart'),
  sensor: codeSchema.optional(),
  centre: z.union([z.number(), z.strictObject({ parameter: name })]),
  sigma: z.union([z.number().positive(), z.strictObject({ parameter: name })]),
  /** Western Electric, Statistical Quality Control Handbook, 1956, tests 1 to 4; L. S. Nelson, Journal of Quality Technology 16 (1984) 237, tests 1 to 8. */
  tests: z.enum(['western_electric', 'nelson']),
  lateness_s: lateness,
  max_age_s: age.default(60),
  kind: z.literal('integer'),
})

export type WindowInput = z.infer<typeof windowInputSchema>
export type ChartInput = z.infer<typeof chartInputSchema>
