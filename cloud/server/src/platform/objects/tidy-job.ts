import { z } from 'zod'
import type { JobDefinition } from '../jobs/port.ts'

export const tidyJob = (
  tidy: (signal: AbortSignal) => Promise<number>,
): JobDefinition<Readonly<Record<string, never>>> => ({
  name: 'objects.tidy',
  title: { ko: '파일 정리', en: 'Tidy files' },
  about: {
    ko: '기한이 지났거나 바뀌었거나 쓰다 만 파일을 지웁니다. 저장 공간이 바로 필요할 때 직접 시작합니다.',
    en: 'Erases files that have expired, were replaced, or were never finished. Start it by hand when the space is needed now.',
  },
  scope: 'platform',
  input: z.strictObject({}),
  schedule: '17 * * * *',
  startedBy: 'settings:manage',
  concurrency: 1,
  retries: 3,
  retryDelaySeconds: 60,
  timeoutSeconds: 3_000,
  run: async ({ signal }) => ({ erased: await tidy(signal) }),
})
