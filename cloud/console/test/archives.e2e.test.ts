import { describe, expect, test } from 'vitest'
import { archiveOf } from './fixture-archives.ts'
import { sayWhySkipped, Stage } from './stage.ts'

describe.skipIf(sayWhySkipped('the archives page of the console'))('the archives page', () => {
  const at = Stage.set()
  const button = (name: string) => at.page.locator('tbody tr').first().getByRole('button', { name, exact: true })

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

  test('who may not is told whom to ask', async () => {
    await at.signIn('/archives', 'viewer')
    await at.heading('Archives are for analysts').waitFor()
  })
})
