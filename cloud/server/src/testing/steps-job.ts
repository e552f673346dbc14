import { z } from 'zod'

/** A job of so many steps, as `job-process.ts` does it and a test begins it; what the two do themselves is not in it. */
export const stepsJob = {
  name: 'test.steps',
  title: { ko: '단계', en: 'Steps' },
  about: { ko: '시험', en: 'For a test' },
  scope: 'tenant',
  input: z.strictObject({ steps: z.number().int() }),
  concurrency: 1,
  retries: 2,
  retryDelaySeconds: 1,
  timeoutSeconds: 60,
} as const
