import { describe, expect, test } from 'vitest'
import { fileOf } from './fixture-storage.ts'
import { sayWhySkipped, Stage } from './stage.ts'

describe.skipIf(sayWhySkipped('the storage page of the console'))('the storage page', () => {
  const at = Stage.set()
  const choose = (name: string, bytes: Buffer) =>
    at.page.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: bytes })
  const names = () => at.page.locator('tbody tr .file-name').allInnerTexts()

  test('with nothing stored says what will be here, and stores the first document', async () => {
    await at.signIn('/storage')
    await at.heading('No file is stored yet').waitFor()
    await choose('작업 표준서 (1).md', Buffer.from('# 1\n'))
    await at.page.getByText('작업 표준서 (1).md is stored.').waitFor()
    await expect.poll(names).toEqual(['작업 표준서 (1).md'])
    await at.page.getByText('4 B of 500 GB, 1 of 100,000 files').waitFor()
    // Again under the same name: it takes the place of the first.
    await choose('작업 표준서 (1).md', Buffer.alloc(3_000_000, 1))
    await expect.poll(() => at.page.locator('tbody').innerText()).toContain('3.0 MB')
    expect(await names()).toEqual(['작업 표준서 (1).md'])
  })

  test('tells how far an upload is, and forgets one that is cancelled', async () => {
    await at.signIn('/storage')
    const gate = Promise.withResolvers<void>()
    at.world.storage.gate = gate.promise
    await choose('large.pdf', Buffer.alloc(2_000_000))
    await at.page.getByText('large.pdf: 2.0 MB of 2.0 MB').waitFor()
    await at.page.getByText('One document is on its way.').waitFor()
    await at.page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await at.page.getByText('Drop a document here').waitFor()
    await expect.poll(() => at.page.locator('progress').count()).toBe(1)
    gate.resolve()
  })

  test('shows a document that was cancelled too late, and was stored all the same', async () => {
    await at.signIn('/storage')
    await at.heading('No file is stored yet').waitFor()
    const gate = Promise.withResolvers<void>()
    at.world.storage.gate = gate.promise
    await choose('large.pdf', Buffer.alloc(2_000_000))
    await at.page.getByText('large.pdf: 2.0 MB of 2.0 MB').waitFor()
    // The cloud has it, and its answer is not here yet.
    at.world.storage.files = [fileOf(1, { name: 'large.pdf' })]
    await at.page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await expect.poll(names).toEqual(['large.pdf'])
    gate.resolve()
  })

  test('a change leaves the pages that were read, and the place where somebody is', async () => {
    at.world.storage.files = Array.from({ length: 60 }, (_, index) => fileOf(index + 1))
    await at.signIn('/storage')
    await at.page.getByRole('button', { name: 'Load more' }).click()
    await expect.poll(async () => (await names()).length).toBe(60)
    const row = at.page.locator('tbody tr').nth(57)
    await row.focus()
    await row.evaluate((element) => element.setAttribute('data-was-there', 'yes'))
    await choose('new.md', Buffer.from('# new\n'))
    await at.page.getByText('new.md is stored.').waitFor()
    await expect.poll(async () => (await names()).length).toBe(61)
    expect(await at.page.locator(':focus').getAttribute('data-was-there')).toBe('yes')
    await at.page.getByRole('button', { name: 'Remove, manual-20.pdf' }).click()
    await at.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
    await expect.poll(async () => (await names()).length).toBe(60)
    expect((await names())[0]).toBe('new.md')
    expect(await at.page.locator('[data-was-there]').count()).toBe(1)
  })

  test('says what it does not take, and when there is no room', async () => {
    await at.signIn('/storage')
    await choose('virus.exe', Buffer.from('x'))
    await at.page.getByText('virus.exe is no document that can be stored.').waitFor()
    await choose('empty.txt', Buffer.alloc(0))
    await at.page.getByText('empty.txt is empty.').waitFor()
    at.world.storage.quota.bytes = 3
    await choose('four.txt', Buffer.from('four'))
    await at.page.getByText('The storage is full.').waitFor()
    await expect.poll(() => at.page.getByRole('alert').count()).toBe(1)
  })

  test('shows files by what they are for, downloads one, and removes one when it is confirmed', async () => {
    at.world.storage.files = [
      fileOf(1),
      fileOf(2, { kind: 'archive', name: 'judgment_executions_y2024m10.parquet' }),
      fileOf(3, { kind: 'export', name: 'oee.csv', expires_at: '2026-11-28T09:00:00.000Z' }),
    ]
    await at.signIn('/storage')
    await expect.poll(async () => (await names()).length).toBe(3)
    const archive = at.page.getByRole('button', { name: 'Remove, judgment_executions_y2024m10.parquet' })
    expect(await archive.getAttribute('aria-disabled')).toBe('true')
    await at.page.getByRole('radio', { name: 'Document' }).check()
    await expect.poll(names).toEqual(['manual-1.pdf'])
    expect(at.page.url()).toContain('kind=document')
    const remove = at.page.getByRole('button', { name: 'Remove, manual-1.pdf' })
    await remove.click()
    await at.page.getByRole('dialog').waitFor()
    await at.page.keyboard.press('Escape')
    await at.page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await at.page.locator(':focus').getAttribute('aria-label')).toBe('Remove, manual-1.pdf')
    await remove.click()
    // Stays open with the error, and takes the next press.
    const path = `/api/v1/objects/${fileOf(1).id}`
    at.world.failing.add(path)
    await at.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
    await at.page.getByRole('dialog').getByRole('alert').waitFor()
    at.world.failing.delete(path)
    await at.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
    await at.heading('There is no file of this kind').waitFor()
    await at.page.getByRole('radio', { name: 'All' }).check()
    await expect.poll(async () => (await names()).length).toBe(2)
    await at.page.getByRole('button', { name: 'Download, oee.csv' }).click()
    await expect.poll(() => at.world.requests).toContain(`POST /api/v1/objects/${fileOf(3).id}/link`)
  })

  test('is worked by the keyboard, and says to who may not whom to ask', async () => {
    at.world.storage.files = [fileOf(1), fileOf(2)]
    await at.signIn('/lines')
    for (const key of ['g', 'o']) await at.page.keyboard.press(key)
    await at.heading('Storage').waitFor()
    await at.page.locator('tbody tr').first().waitFor()
    for (const key of ['j', 'j', 'Enter']) await at.page.keyboard.press(key)
    expect(await at.page.locator(':focus').getAttribute('aria-label')).toBe('Download, manual-2.pdf')
  })

  test('shows files to who may read them, and whom to ask for the rest', async () => {
    at.world.storage.files = [fileOf(1)]
    await at.signIn('/storage', 'manager')
    await expect.poll(names).toEqual(['manual-1.pdf'])
    const remove = at.page.getByRole('button', { name: 'Remove, manual-1.pdf' })
    expect(await remove.getAttribute('aria-disabled')).toBe('true')
    expect(await at.page.locator('input[type=file]').getAttribute('aria-disabled')).toBe('true')
  })

  test('is no wider than a telephone, with names of any length and buttons that say why not', async () => {
    at.world.storage.files = [
      fileOf(1, { name: `${'a'.repeat(180)}.pdf` }),
      fileOf(2, { kind: 'archive', name: 'judgment_executions_y2024m10.parquet' }),
    ]
    await at.page.setViewportSize({ width: 360, height: 740 })
    await at.signIn('/storage')
    await expect.poll(async () => (await names()).length).toBe(2)
    expect(await at.page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
  })

  test('who may not see files is told whom to ask', async () => {
    await at.signIn('/storage', 'viewer')
    await at.heading('Files are for analysts').waitFor()
  })
})
