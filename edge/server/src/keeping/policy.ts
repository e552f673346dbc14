import type { Policy } from '@jidoka/domain'
import type { KeepingClassName } from './classes.ts'
import { keepingClasses } from './classes.ts'

/** How long and how much the journal keeps. */
export interface KeepingPolicy {
  readonly days: Readonly<Record<KeepingClassName, number>>
  /** Classes whose days somebody set on the machine: the desired state does not change them. */
  readonly setHere?: readonly KeepingClassName[] | undefined
  /** Of the file system: above it receipted rows go, oldest of the first class first. */
  readonly highWaterPercent: number
  /** Of the journal's own bytes, beside the mark of the file system; null: no such bound. */
  readonly bytesMax: number | null
  /** Free bytes below which rows go that the cloud has not receipted. */
  readonly reserveBytes: number
  /** Without a cloud nothing waits for a receipt. */
  readonly hasCloud: boolean
}

export const keepingDefaults = {
  highWaterPercent: 85,
  reserveBytes: 64 * 1024 * 1024,
  days: Object.fromEntries(keepingClasses.map(({ name, days }) => [name, days])) as Record<KeepingClassName, number>,
}

/** The days that hold: what was set on the machine, else what the cloud wants, else the defaults. */
export function daysInForce({ days, setHere = [] }: KeepingPolicy, desired: Policy | null): KeepingPolicy['days'] {
  const wanted = desired?.retention ?? {}
  return Object.fromEntries(
    keepingClasses.map(({ name }) => [
      name,
      (setHere.includes(name) ? undefined : wanted[`${name}_days`]) ?? days[name],
    ]),
  ) as KeepingPolicy['days']
}

export const keepingLimits = {
  /** Ages and the high-water mark are looked at this often, free space at each sweep; at each sweep while something goes. */
  lookEveryMs: 10_000,
  /** A class goes by whole hours: one drop record an hour and class, instead of one for each row that comes of age. */
  ageStepMs: 3_600_000,
  /**
   * The mark of the file system also counts what others write. A disk that they have filled would otherwise empty the
   * journal within a minute of each reading: what is younger than a day goes only when the reserve would run out.
   */
  youngMs: 86_400_000,
  /** Below the mark by this share before dropping ends, so that it does not begin again with the next commit. */
  slackShare: 0.01,
  /** Rows of one step: 500 records take some 15 ms of the journal's thread with their judgments and gaps; more would be seen in the acknowledgements. */
  stepRowsMax: 500,
  /** Bytes of rows of one step: freeing a page costs a read of it where it is an overflow page. */
  stepRowBytesMax: 4 * 1024 * 1024,
  /** Files of one step: each is an unlink of some 3 MB, which takes a slow disk a millisecond. */
  stepFilesMax: 16,
  /** Pause between steps while more has to go: readings are stored between them, and 5,000 rows a second go at most. */
  stepEveryMs: 100,
  /**
   * An appliance whose clock leaps a year ahead would find everything out of date. Ages count only while the wall clock
   * has gone with the monotonic one for an hour, within a minute: what NTP mends is mended by then.
   */
  clockSteadyMs: 3_600_000,
  clockDriftMsMax: 60_000,
  /** What the log of the database and a merge under way may still take before a reading is refused. */
  headroomBytes: 32 * 1024 * 1024,
  /** On a small disk the reserve is at most this share of it: 64 MiB of a card of 512 MiB would be an eighth. */
  reserveShareMax: 0.05,
} as const
