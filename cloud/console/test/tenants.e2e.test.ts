import { cloudPaths } from '@jidoka/contract'
import { describe, expect, test } from 'vitest'
import { jobOf, tellJob } from './fixture-jobs.ts'
import { databaseOf, moveOf, putMove } from './fixture-tenants.ts'
import { sayWhySkipped, Stage } from './stage.ts'

describe.skipIf(sayWhySkipped('the tenants page of the console'))('the tenants page', () => {
  const at = Stage.set()
  const table = (name: string) => at.page.getByRole('table', { name, exact: true })
  const moveRow = () => table('Moves').locator('tbody tr').first()
  const button = (name: string) => at.page.getByRole('button', { name, exact: true })
  const severalDatabases = () => {
    at.world.tenants.databases = [
      databaseOf('main', 'main'),
      databaseOf('east', 'shard'),
      databaseOf('big-one', 'own'),
      databaseOf('west', 'shard', { answers: false, bytes: null }),
    ]
    at.world.tenants.tenants = [
      { id: 'acme', database: 'main', move: null },
      { id: 'big', database: 'big-one', move: null },
      { id: 'demo', database: 'main', move: null },
    ]
  }
  /** What the cloud would have written by then, told as its job tells it. */
  const advance = (changes: Parameters<typeof moveOf>[0]) => {
    const [move] = at.world.tenants.moves
    putMove(at.world, { ...moveOf(), ...move, ...changes })
    tellJob(at.world, jobOf(1, { kind: 'tenants.move', state: 'running' }))
  }

  test('of a cloud with one database says so, and what to set', async () => {
    await at.signIn('/tenants')
    await at.heading('This cloud has one database').waitFor()
    await at.page.getByText('JIDOKA_CLOUD_SHARDS').waitFor()
    expect(await button('Move, demo').getAttribute('aria-disabled')).toBe('true')
  })

  test('moves a tenant, follows it through its phases, and drops what it has left behind', async () => {
    severalDatabases()
    await at.signIn('/tenants')
    await at.heading('No tenant has been moved yet').waitFor()
    const west = table('Databases').locator('tbody tr').last()
    expect(await west.innerText()).toContain('does not answer')
    await button('Move, acme').click()
    const dialog = at.page.getByRole('dialog')
    // Not to the one where it is, nor to one that another has for itself.
    expect(await dialog.getByLabel('To').locator('option').allInnerTexts()).toEqual([
      'east (shard, shared)',
      'west (shard, shared)',
    ])
    await dialog.getByLabel('To').selectOption('west')
    await dialog.getByText('This database does not answer.').waitFor()
    await dialog.getByLabel('To').selectOption('east')
    await dialog.getByRole('button', { name: 'Move', exact: true }).click()
    await at.page.getByText('The move begins within seconds.').waitFor()
    await expect.poll(() => moveRow().innerText()).toContain('Copying')
    advance({ rows_copied: 1_550_000, tables_done: 12 })
    await expect.poll(() => moveRow().innerText()).toContain('12 of 54 tables, 1,550,000 rows')
    const bar = moveRow().getByRole('progressbar', { name: 'Copying' })
    expect(await bar.getAttribute('value')).toBe('0.5')
    advance({ step: 'verifying', rows_copied: 3_100_000, rows_verified: 775_000, tables_done: 3 })
    await expect
      .poll(() => moveRow().getByRole('progressbar', { name: 'Verifying' }).getAttribute('value'))
      .toBe('0.25')
    advance({
      step: 'switched',
      worked_on: false,
      pause_ms: 212,
      switched_at: '2026-11-21T09:00:00.000Z',
      dropped_from: '2026-11-28T09:00:00.000Z',
    })
    await expect.poll(() => moveRow().innerText()).toContain('What is left in main is dropped on 28 Nov')
    advance({ problem: 'The database "main" cannot be reached.' })
    await expect.poll(() => moveRow().innerText()).toContain('cannot be reached')
    expect(await moveRow().innerText()).toContain('212 ms')
    await button('Drop old rows, acme').click()
    await dialog.getByRole('button', { name: 'Drop old rows', exact: true }).click()
    await expect.poll(() => moveRow().innerText()).toContain('Done')
  })

  test('news of a move asks for moves alone, and an answer slower than the news is waited for and asked for once more', async () => {
    severalDatabases()
    putMove(at.world, moveOf())
    await at.signIn('/tenants')
    await moveRow().waitFor()
    const asked = { moves: 0, list: 0, abandoned: 0 }
    const kindOf = (url: string): 'moves' | 'list' | null =>
      url.endsWith(cloudPaths.tenantMoves) ? 'moves' : url.endsWith(cloudPaths.tenants) ? 'list' : null
    at.page.on('requestfailed', (request) => {
      if (kindOf(request.url()) !== null) asked.abandoned += 1
    })
    at.page.on('request', (request) => {
      const kind = kindOf(request.url())
      if (kind !== null) asked[kind] += 1
    })
    // Each answer for itself: the regular one, every ten seconds, asks for both.
    for (const rows of [1_300_000, 1_400_000, 1_500_000]) {
      advance({ rows_copied: rows })
      await expect.poll(() => moveRow().innerText()).toContain(`${rows.toLocaleString('en')} rows`)
    }
    expect(asked.moves - asked.list).toBeGreaterThanOrEqual(2)
    const gate = Promise.withResolvers<void>()
    await at.page.route(`**${cloudPaths.tenantMoves}`, async (route) => {
      await gate.promise
      await route.continue()
    })
    const before = { ...asked }
    advance({ rows_copied: 1_600_000 })
    await expect.poll(() => asked.moves).toBe(before.moves + 1)
    tellJob(at.world, jobOf(1, { kind: 'tenants.move', state: 'done' }))
    // Both have been asked for again: the list at once, the moves when their answer is here.
    await expect.poll(() => asked.list).toBeGreaterThan(before.list)
    gate.resolve()
    await expect.poll(() => asked.moves).toBeGreaterThanOrEqual(before.moves + 2)
    await expect.poll(() => moveRow().innerText()).toContain('1,600,000 rows')
    expect(asked.abandoned).toBe(0)
  })

  test('of a cloud that has one database again, the moves of before are there', async () => {
    putMove(at.world, moveOf({ step: 'cancelled', ended_at: '2026-11-21T09:10:00.000Z' }))
    await at.signIn('/tenants')
    await expect.poll(() => moveRow().innerText()).toContain('Cancelled')
  })

  test('a list that is cut is not sorted: its first would pass for the first of all', async () => {
    severalDatabases()
    at.world.tenants.tenants = Array.from({ length: 201 }, (_, index) => ({
      id: `tenant-${String(201 - index).padStart(3, '0')}`,
      database: 'main',
      move: null,
    }))
    await at.signIn('/tenants')
    await at.page.getByText('The first 200 are shown.').waitFor()
    expect(await table('All tenants').getByRole('columnheader').getByRole('button').count()).toBe(0)
    await at.page.getByLabel('Find by tenant or database').fill('tenant-1')
    const byTenant = table('All tenants').getByRole('button', { name: 'Tenant', exact: true })
    await byTenant.click()
    await expect.poll(() => table('All tenants').locator('tbody tr').first().innerText()).toContain('tenant-100')
    await at.page.getByLabel('Find by tenant or database').fill('')
    await byTenant.waitFor({ state: 'detached' })
    expect(await table('All tenants').locator('[aria-sort]').count()).toBe(0)
  })

  test('says that nobody works on a move and why, goes on with it, and cancels it', async () => {
    severalDatabases()
    putMove(at.world, moveOf({ worked_on: false, problem: 'The database "east" cannot be reached.' }))
    await at.signIn('/tenants')
    await expect.poll(() => moveRow().innerText()).toContain('Nobody works on it')
    expect(await moveRow().innerText()).toContain('cannot be reached')
    await button('Go on, acme').click()
    await button('Go on, acme').waitFor({ state: 'detached' })
    await button('Cancel, acme').click()
    await expect.poll(() => moveRow().innerText()).toContain('It is being cancelled.')
    expect(await button('Cancel, acme').getAttribute('aria-disabled')).toBe('true')
    expect(at.world.requests).toContain('POST /api/v1/tenants/acme/move/cancel')
  })

  test('a tenant is found by a part of its name, which stays in the address; rows are reached with j, and Enter goes into one', async () => {
    severalDatabases()
    await at.signIn('/tenants')
    await at.page.getByLabel('Find by tenant or database').fill('big')
    await at.page.waitForURL(/find=big/)
    await expect.poll(() => table('All tenants').locator('tbody tr').count()).toBe(1)
    await at.page.locator('h1').click()
    for (const key of ['j', 'j', 'j', 'j', 'j', 'Enter']) await at.page.keyboard.press(key)
    expect(await at.page.locator(':focus').getAttribute('aria-label')).toBe('Move, big')
    await at.page.reload()
    await expect.poll(() => table('All tenants').locator('tbody tr').count()).toBe(1)
  })

  test('fits a telephone, with nothing beside the page', async () => {
    severalDatabases()
    putMove(at.world, moveOf())
    await at.page.setViewportSize({ width: 360, height: 740 })
    await at.signIn('/tenants')
    await moveRow().waitFor()
    expect(await at.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  })

  test('who may not is told whom to ask, also an administrator of another tenant', async () => {
    await at.signIn('/tenants', 'manager')
    await at.heading('Tenants are for administrators of the platform').waitFor()
    at.world.isOtherTenant = true
    await at.context.clearCookies()
    await at.signIn('/tenants', 'admin')
    await at.heading('Tenants are for administrators of the platform').waitFor()
  })
})
