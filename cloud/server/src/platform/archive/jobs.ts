import { z } from 'zod'
import type { JobDefinition } from '../jobs/port.ts'
import type { KeepReport } from '../partitions/keep.ts'
import type { ArchiveService } from './archive-service.ts'

export const keepJob = (
  keep: (signal: AbortSignal, told: (partition: string) => void) => Promise<KeepReport>,
): JobDefinition<Readonly<Record<string, never>>> => ({
  name: 'partitions.keep',
  title: { ko: '월별 테이블 관리', en: 'Keep partitions' },
  about: {
    ko: '앞으로 쓸 월별 테이블을 만들고, 각 테이블의 색인을 맞추며, 보존 기간이 지난 것은 보관한 뒤 지웁니다. 보관 설정을 바꾼 뒤 바로 적용하려면 직접 시작합니다.',
    en: 'Makes the months to come, gives each the indexes that it needs, archives and drops those past their time. Start it by hand to have it done before the night.',
  },
  scope: 'platform',
  input: z.strictObject({}),
  schedule: '20 2 * * *',
  startedBy: 'settings:manage',
  concurrency: 1,
  retries: 3,
  retryDelaySeconds: 600,
  timeoutSeconds: 6 * 3_600,
  run: async (job) => {
    let looked = 0
    const report = await keep(job.signal, (partition) => job.progress(++looked, looked, partition))
    // Told to people as a failure, and tried again: what could be done is done.
    if (report.failed > 0)
      throw new Error(
        `${report.failed} partitions could not be kept, and stay; the log names each and says why. The first is ${report.firstFailed}: ${report.why}`,
      )
    return { ...report }
  },
})

export const restoreJobName = 'archive.restore'

export const restoreJob = (service: ArchiveService): JobDefinition<{ readonly archive_id: string }> => ({
  name: restoreJobName,
  title: { ko: '보관 자료 되읽기', en: 'Read an archive back' },
  about: {
    ko: '보관 파일의 행을 30일 동안 데이터베이스에서 볼 수 있게 합니다. 보관 목록에서 시작합니다.',
    en: 'Puts the rows of an archive into the database for 30 days. It is started from the list of archives.',
  },
  scope: 'tenant',
  input: z.strictObject({ archive_id: z.uuid() }),
  concurrency: 2,
  retries: 5,
  retryDelaySeconds: 30,
  timeoutSeconds: 4 * 3_600,
  run: async (job) => {
    if (job.tenantId === null) throw new TypeError('an archive is of a tenant')
    const told = (done: number, total: number) => job.progress(done, total)
    return { rows: await service.restore(job.tenantId, job.input.archive_id, { signal: job.signal, told }) }
  },
})

export const takeAwayJobName = 'archive.restore_end'

export const takeAwayJob = (service: ArchiveService): JobDefinition<{ readonly archive_id: string }> => ({
  name: takeAwayJobName,
  title: { ko: '되읽은 행 지우기', en: 'Take away what was read back' },
  about: {
    ko: '되읽은 보관 자료의 행이 많을 때 남은 행을 데이터베이스에서 지웁니다. 보관 목록에서 시작합니다.',
    en: 'Takes what is left of the rows of an archive out of the database. It is started from the list of archives.',
  },
  scope: 'tenant',
  input: z.strictObject({ archive_id: z.uuid() }),
  concurrency: 2,
  retries: 5,
  retryDelaySeconds: 30,
  timeoutSeconds: 3_600,
  run: async (job) => {
    if (job.tenantId === null) throw new TypeError('an archive is of a tenant')
    await service.takeAway(job.tenantId, job.input.archive_id, job.signal)
    return {}
  },
})
