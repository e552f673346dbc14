import { numberSetting } from '@jidoka/base'
import { z } from 'zod'
import { keepingClasses } from './classes.ts'
import { keepingDefaults } from './policy.ts'
import type { KeepingPolicy } from './policy.ts'

/** A century: no plant asks for more, and no sum of days and milliseconds overflows. */
const daysMax = 36_500
/** Absent: as the cloud wants it, else as in `keepingDefaults`. */
const days = numberSetting(z.number().min(1).max(daysMax)).optional()

/** How long and how much the appliance keeps; see `keepingClasses` for what the classes hold and in which order they go. */
export const keepingConfigSchema = z.strictObject({
  readings_days: days,
  verdicts_days: days,
  events_days: days,
  abnormal_days: days,
  alarms_days: days,
  reports_days: days,
  audit_days: days,
  /** Of the file system of the data folder, whoever fills it. Above 98 there is no room left for a merge. */
  disk_high_water_percent: numberSetting(z.number().min(10).max(98)).default(keepingDefaults.highWaterPercent),
  /**
   * Of the journal itself, where others share the disk: above it goes what is receipted and a day old, as above the mark. What the cloud has not
   * receipted is not bounded by it, only by the reserve. Below 64 MiB the log of the database would be most of it.
   */
  bytes_max: numberSetting(
    z
      .number()
      .int()
      .min(64 * 1024 * 1024),
  ).optional(),
  /** Free bytes below which unreceipted rows go. */
  reserve_bytes: numberSetting(
    z
      .number()
      .int()
      .min(16 * 1024 * 1024)
      .max(2 ** 40),
  ).default(keepingDefaults.reserveBytes),
})

export function keepingPolicyOf(config: z.infer<typeof keepingConfigSchema>, hasCloud: boolean): KeepingPolicy {
  return {
    days: Object.fromEntries(
      keepingClasses.map(({ name }) => [name, config[`${name}_days`] ?? keepingDefaults.days[name]]),
    ) as KeepingPolicy['days'],
    setHere: keepingClasses.map(({ name }) => name).filter((name) => config[`${name}_days`] !== undefined),
    highWaterPercent: config.disk_high_water_percent,
    bytesMax: config.bytes_max ?? null,
    reserveBytes: config.reserve_bytes,
    hasCloud,
  }
}
