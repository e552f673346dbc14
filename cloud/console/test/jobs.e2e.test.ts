import { describe, expect, test } from 'vitest'
import { jobOf, kindOf, tellJob } from './fixture-jobs.ts'
import type { FixtureWorld } from './fixture-world.ts'
import { sayWhySkipped, Stage } from './stage.ts'

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

function fill(world: FixtureWorld): void {
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

describe.skipIf(sayWhySkipped('the jobs page of the console'))('the jobs page', () => {
  const at = Stage.set()

  test('says what will be here while nothing has run', async () => {
    await at.signIn('/jobs')
    await at.heading('No job has run yet').waitFor()
  })

  test('shows jobs page by page and how far one is, live', async () => {
    fill(at.world)
    await at.signIn('/jobs')
    const rows = at.page.locator('tbody tr')
    await rows.first().waitFor()
    expect(await rows.count()).toBe(50)
    await at.page.getByRole('button', { name: 'Load more' }).click()
    await expect.poll(() => rows.count()).toBe(60)
    await at.page.getByText('3 / 12').waitFor()
    const [, running] = at.world.jobs
    if (running === undefined) throw new Error('there is no job')
    tellJob(at.world, { ...running, progress: { done: 9, total: 12, note: null } })
    await at.page.getByText('9 / 12').waitFor()
    expect(await rows.count()).toBe(60)
    tellJob(at.world, jobOf(62, { state: 'waiting', kind: 'bi.nightly', started_at: null, ended_at: null }))
    await expect.poll(() => rows.count()).toBe(61)
  })

  test('shows what ran also where the kinds of jobs are not to be had', async () => {
    fill(at.world)
    await at.page.route('**/api/v1/jobs/kinds', (route) => route.abort())
    await at.signIn('/jobs')
    await expect.poll(() => at.page.locator('tbody tr').count()).toBe(50)
  })

  test('keeps filter and what is open in the address; says why one failed, and puts it back', async () => {
    fill(at.world)
    await at.signIn('/jobs?state=dead')
    const rows = at.page.locator('.split-list tbody tr')
    await expect.poll(() => rows.count()).toBe(1)
    await rows.first().click()
    const pane = at.page.locator('.pane')
    await pane.getByText('2 partitions could not be kept; the log names each and says why').first().waitFor()
    await pane.getByText('Process lost').waitFor()
    expect(new URL(at.page.url()).searchParams.get('job')).toBe(at.world.jobs[2]?.id)
    await pane.getByRole('button', { name: 'Put back' }).click()
    await at.page.getByText('It waits again, with all its attempts.').waitFor()
    expect(at.world.jobs[2]?.state).toBe('waiting')
  })

  test('cancels one that runs', async () => {
    fill(at.world)
    await at.signIn(`/jobs?job=${jobOf(60).id}`)
    await at.page.locator('.pane').getByRole('button', { name: 'Cancel' }).click()
    await at.page.getByText('It is cancelled; one that runs ends within seconds.').waitFor()
    expect(at.world.jobs[1]?.state).toBe('cancelled')
  })

  test('shows when each is due next, in the zone of its schedule, and starts one by hand', async () => {
    fill(at.world)
    await at.signIn('/jobs?show=kinds')
    const nightly = at.page.locator('tbody tr').filter({ hasText: 'Nightly figures' })
    await nightly.waitFor()
    expect(await nightly.innerText()).toMatch(/Asia\/Seoul[\s\S]*03:00/)
    const restore = at.page.locator('tbody tr').filter({ hasText: 'Restore an archive' })
    expect(await restore.innerText()).toContain('Programs start it')
    await nightly.getByRole('button', { name: 'Run now' }).click()
    await at.page.locator('.pane').waitFor()
    expect(at.world.jobs[0]).toMatchObject({ kind: 'bi.nightly', state: 'waiting', by: 'admin' })
  })

  test('the zone of the schedules is set, and one that is none is named', async () => {
    fill(at.world)
    await at.signIn('/jobs?show=kinds')
    const zone = at.page.getByLabel('Time zone of schedules')
    const save = at.page.getByRole('button', { name: 'Save' })
    await zone.fill('Mars/Olympus')
    await save.click()
    await at.page.getByText('Name a time zone of the IANA list').waitFor()
    await zone.fill('Asia/Kolkata')
    await save.click()
    await at.page.getByText('Schedules are read in Asia/Kolkata from now on.').waitFor()
    await at.page.getByRole('cell', { name: '0 3 * * * Asia/Kolkata' }).first().waitFor()
    expect(at.world.timeZone).toBe('Asia/Kolkata')
  })

  test('who may not is told whom to ask', async () => {
    await at.signIn('/jobs', 'viewer')
    await at.heading('Jobs are for managers').waitFor()
  })
})
