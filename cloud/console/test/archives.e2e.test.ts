import { describe, expect, test } from 'vitest'
import { archiveOf } from './fixture-archives.ts'
import { jobOf, tellJob } from './fixture-jobs.ts'
import { sayWhySkipped, Stage } from './stage.ts'

describe.skipIf(sayWhySkipped('the archives page of the console'))('the archives page', () => {
  const at = Stage.set()
  const button = (name: string) =>
    at.page
      .locator('tbody tr')
      .first()
      .getByRole('button', { name: `${name}, 2024-10 Judgments`, exact: true })

  test('with nothing archived says when the first will be there, and takes what shall be kept', async () => {
    await at.signIn('/archives')
    await at.heading('No month has been archived yet').waitFor()
    await at.page.getByLabel('Judgments, after 24 months').check()
    await at.page.getByText('It is kept from the next month that goes.').waitFor()
    expect(at.world.archives.tables).toEqual(['core.judgment_executions'])
    await at.page.getByLabel('Judgments, after 24 months').uncheck()
    await expect.poll(() => at.world.archives.tables).toEqual([])
  })

  test('shows months with their rows and size, reads one back, takes it away, and removes it for good', async () => {
    at.world.archives.archives = [archiveOf(0), archiveOf(1)]
    await at.signIn('/archives')
    const row = at.page.locator('tbody tr').first()
    await expect.poll(() => row.innerText()).toContain('2024-10')
    expect(await row.innerText()).toContain('412,345')
    await button('Read back').click()
    await expect.poll(() => row.innerText()).toContain('until 21 Dec')
    await button('Take away').click()
    await expect.poll(() => row.innerText()).toContain('in the file alone')
    await button('Remove').click()
    await at.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
    await at.page.getByText('The archive is removed.').waitFor()
    await expect.poll(() => at.page.locator('tbody tr').count()).toBe(1)
  })

  test('says when a month that is being read back is there, and when it has stopped', async () => {
    const under = { by: 'admin', until: '2026-12-21T09:00:00.000Z' }
    const many = archiveOf(1, { rows: 5_000_001 })
    at.world.archives.archives = [archiveOf(0, { restoration: { ...under, state: 'restoring' } }), many]
    await at.signIn('/archives')
    const row = at.page.locator('tbody tr').first()
    await expect.poll(() => row.innerText()).toContain('being read back')
    at.world.archives.archives = [archiveOf(0, { restoration: { ...under, state: 'stopped' } }), many]
    tellJob(at.world, jobOf(1, { kind: 'archive.restore', state: 'dead' }))
    await expect.poll(() => row.innerText()).toContain('reading back has stopped')
    await button('Take away').waitFor()
    const restoreMany = at.page.locator('tbody tr').last().getByRole('button', { name: 'Read back, 2024-09 Readings' })
    expect(await restoreMany.getAttribute('aria-disabled')).toBe('true')
    await at.page.getByText('At most 5,000,000 rows are read back.').waitFor()
    await button('Read back').click()
    await expect.poll(() => row.innerText()).toContain('until 21 Dec')
  })

  test('tells rows that came when their month was gone from those of the month', async () => {
    const late = { partition: 'judgment_executions_late_20261121_0a1b2c3d', from: '1999-05-01T00:00:00.000Z' }
    at.world.archives.archives = [archiveOf(0, late), archiveOf(2)]
    await at.signIn('/archives')
    const row = at.page.locator('tbody tr').first()
    await expect.poll(() => row.innerText()).toContain('1999-05 – 2024-10')
    expect(await row.innerText()).toContain('Judgments, came late')
    expect(await at.page.locator('tbody tr').last().innerText()).not.toContain('late')
  })

  test('rows are reached with j and k, and Enter goes into one', async () => {
    at.world.archives.archives = [archiveOf(0), archiveOf(1)]
    await at.signIn('/archives')
    await at.page.locator('tbody tr').first().waitFor()
    for (const key of ['j', 'j', 'k', 'j', 'Enter']) await at.page.keyboard.press(key)
    const focused = at.page.locator(':focus')
    expect(await focused.getAttribute('aria-label')).toBe('Download, 2024-09 Readings')
  })

  test('who may not is told whom to ask', async () => {
    await at.signIn('/archives', 'viewer')
    await at.heading('Archives are for analysts').waitFor()
  })
})
