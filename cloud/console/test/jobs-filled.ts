import { jobOf, kindOf } from './fixture-jobs.ts'
import type { FixtureWorld } from './fixture-world.ts'
const failed = {
  state: 'dead',
  attempt: 4,
  result: null,
  error: '2 partitions could not be kept; the log names each and says why',
  attempts: [
    {
      attempt: 4,
      process: 'cloud-7f9c:1',
      started_at: '2026-11-21T09:00:00.000Z',
      ended_at: '2026-11-21T09:00:04.000Z',
      outcome: 'failed',
      error: '2 partitions could not be kept; the log names each and says why',
    },
    {
      attempt: 3,
      process: 'cloud-2b1d:1',
      started_at: '2026-11-21T08:40:00.000Z',
      ended_at: '2026-11-21T08:41:00.000Z',
      outcome: 'lost',
      error: null,
    },
  ],
} as const

export function fillJobs(world: FixtureWorld): void {
  world.jobKinds = [
    kindOf(),
    kindOf({
      kind: 'bi.nightly',
      title: { ko: '야간 집계', en: 'Nightly figures' },
      about: { ko: '하루의 실적을 집계합니다.', en: 'Sums up the day.' },
      scope: 'tenant',
      schedule: '0 3 * * *',
      time_zone: 'Asia/Seoul',
      next_at: '2026-11-21T18:00:00.000Z',
      last_at: null,
    }),
    kindOf({
      kind: 'archive.restore',
      title: { ko: '보관 자료 복원', en: 'Restore an archive' },
      about: { ko: '보관한 달의 자료를 다시 읽습니다.', en: 'Reads the rows of an archived month back.' },
      schedule: null,
      next_at: null,
      last_at: null,
      needs_input: true,
    }),
  ]
  const done = Array.from({ length: 57 }, (_, index) => jobOf(57 - index))
  const running = { state: 'running', ended_at: null, result: null, by: 'admin', kind: 'bi.nightly' } as const
  world.jobs = [
    jobOf(61, {
      state: 'waiting',
      attempt: 1,
      started_at: null,
      ended_at: null,
      result: null,
      error: 'The database did not answer.',
    }),
    jobOf(60, { ...running, progress: { done: 3, total: 12, note: 'core.judgment_executions_y2026m02' } }),
    jobOf(59, { ...failed, attempts: [...failed.attempts] }),
    ...done,
  ]
}
