import { booleanSetting, numberSetting } from '@jidoka/base'
import { z } from 'zod'

/** Which process works on jobs. Any may start them. */
export const jobsSettingsSchema = z.strictObject({
  /** False: this process leaves them to the others. */
  work: booleanSetting.default(true),
  /** At once in this process: each may hold a connection of the pool. */
  at_once: numberSetting(z.number().int().min(1).max(20)).default(4),
})

export const jobsSettingNames = {
  JIDOKA_CLOUD_JOBS: 'jobs.work',
  JIDOKA_CLOUD_JOBS_AT_ONCE: 'jobs.at_once',
} as const
