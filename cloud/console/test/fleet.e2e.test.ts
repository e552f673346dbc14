import { readFile } from 'node:fs/promises'
import { courierPieceBytes, type EdgeTrouble } from '@jidoka/contract'
import { describe, expect, test } from 'vitest'
import { sayWhySkipped, Stage } from './stage.ts'

const edgeId = '00000000-0000-7000-8000-000000000002'
const trouble: EdgeTrouble = {
  id: 't1',
  kind: 'diverged',
  lane: 'readings',
  epoch: '0f5a2c7e-93f1-4a51-8a3e-6a2f0d9c1b44',
  seq: 900_000,
  held: { seq: 900_000, count: 900_000, digest: 'ab'.repeat(32) },
  ours: { seq: 900_000, count: 899_990, digest: 'cd'.repeat(32) },
  told_by: 'cloud',
  since: '2026-11-21T02:10:00.000Z',
  last_at: '2026-11-21T02:40:00.000Z',
  times: 31,
  settled: null,
}

describe.skipIf(sayWhySkipped('an edge in the console'))('an edge in the console (needs Chromium)', () => {
  const at = Stage.set()
  const open = (part: string, login?: string) => at.signIn(`/fleet?edge=${edgeId}&part=${part}`, login)

  test('two histories of an edge are settled with a reason, and what was settled stays to be read', async () => {
    at.world.fleet.troubles.set(edgeId, [trouble])
    at.world.edges = at.world.edges.map((edge) => (edge.id === edgeId ? { ...edge, open_troubles: 1 } : edge))
    await open('state')
    await at.page.locator('tr', { hasText: 'ulsan-assembly' }).getByText('Two histories').waitFor()
    await at.page.getByRole('button', { name: 'Settle' }).click()
    const dialog = at.page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Settle' }).click()
    await dialog.getByText('Write a sentence').waitFor()
    expect(at.world.fleet.settledWith).toEqual([])
    await dialog.getByLabel('What it was and what was done').fill('Image restored, copy switched off.')
    await at.page.keyboard.press('Enter')
    await at.page.getByText('1 settled trouble').click()
    await at.page.getByText('Image restored, copy switched off.').waitFor()
    expect(at.world.fleet.settledWith).toEqual(['Image restored, copy switched off.'])
  })

  test('a manager finds what only administrators may do in its place, with the reason', async () => {
    at.world.fleet.troubles.set(edgeId, [trouble])
    await open('state', 'manager')
    const settle = at.page.getByRole('button', { name: 'Settle' })
    await settle.waitFor()
    expect(await settle.getAttribute('aria-disabled')).toBe('true')
    await at.page.getByText('Only an administrator may do this.').first().waitFor()
    await at.page.getByRole('radio', { name: 'Courier' }).check()
    await at.page.getByLabel('Drop a courier file here, or choose one').waitFor()
    expect(at.world.requests.some((request) => request.includes('/fleet/courier'))).toBe(false)
  })

  test('what still waits at an edge stands in the list and with the edge, with its age and the time that is left', async () => {
    const told = new Date().toISOString()
    const waiting = {
      told_at: told,
      records: { rows: 0, oldest_ms: null },
      readings: { rows: 1_250_000, oldest_ms: 9_000_000 },
    }
    at.world.edges = at.world.edges.map((edge) => (edge.id === edgeId ? { ...edge, waiting } : edge))
    await open('line')
    const row = at.page.locator('tr', { hasText: 'ulsan-assembly' })
    await row.getByText('1,250,000').waitFor()
    await row.getByText('oldest').waitFor()
    await at.page.getByText('Readings: 1,250,000 rows wait.').waitFor()
    await at.page.getByText('The oldest for 2 h 30 min.').waitFor()
    await at.page.getByText(/^.*About 16 min left\./).waitFor()
    at.world.edges = at.world.edges.map((edge) => (edge.id === edgeId ? { ...edge, state: 'silent' as const } : edge))
    await at.page.reload()
    await at.page.getByText('It is not heard now, and there may be more.').waitFor()
  })

  test('lanes stand with their rate, outages with what was dropped and when all was sent', async () => {
    at.world.fleet.outages = [
      {
        from: '2026-11-19T02:10:00.000Z',
        to: '2026-11-19T04:40:12.000Z',
        cause: 'no route to the cloud',
        rows_waiting: 88_120,
        drained_at: '2026-11-19T04:52:00.000Z',
        dropped: { space: 1_200 },
        receipted: { records: 18_204, readings: 1_900_000 },
      },
    ]
    await open('line')
    await at.page.getByRole('cell', { name: '1,250 / s' }).waitFor()
    const row = at.page.getByRole('row', { name: /no route to the cloud/ })
    await row.getByText('2 h 30 min').waitFor()
    await row.getByText('1,200 for want of space').waitFor()
    await row.getByText('receipts: records 18,204, readings 1,900,000').waitFor()
  })

  test('a command to send rows again is checked, given, and taken back while the edge has not heard of it', async () => {
    await open('commands')
    await at.page.getByRole('button', { name: 'New command' }).click()
    const dialog = at.page.getByRole('dialog')
    await dialog.getByRole('radio', { name: 'Send rows again' }).check()
    await dialog.getByLabel('From number').fill('900')
    await dialog.getByLabel('To number').fill('100')
    await dialog.getByRole('button', { name: 'Give the command' }).click()
    await dialog.getByText('It lies before the first number.').waitFor()
    await dialog.getByLabel('To number').fill('1000')
    await dialog.getByRole('button', { name: 'Give the command' }).click()
    const row = at.page.getByRole('row', { name: /Send again: Readings 900 to 1,000/ })
    await row.getByText('Waits for the edge').waitFor()
    await row.getByRole('button', { name: 'Take back' }).click()
    await row.waitFor({ state: 'detached' })
  })

  test('a rule of the list is sent for a rehearsal', async () => {
    await open('commands')
    await at.page.getByRole('button', { name: 'New command' }).click()
    const dialog = at.page.getByRole('dialog')
    await dialog.getByRole('radio', { name: 'Rehearsal' }).check()
    await dialog.getByRole('button', { name: 'Give the command' }).click()
    await dialog.getByRole('alert').getByText('Choose a rule.').waitFor()
    await dialog.getByLabel('Rule').selectOption({ label: 'Press temperature (v4)' })
    await dialog.getByRole('button', { name: 'Give the command' }).click()
    await at.page.getByRole('row', { name: /Rehearsal of Press temperature v4/ }).waitFor()
    expect(at.world.fleet.commands[0]?.what).toMatchObject({ name: 'rehearsal', rule: { id: 'press-temperature' } })
  })

  test('the support bundle that a command has made is downloaded', async () => {
    at.world.fleet.commands = [
      {
        id: '00000000-0000-4000-8000-000000000001',
        what: { name: 'support_bundle' },
        issued_by: 'kim',
        issued_at: '2026-11-21T02:00:00.000Z',
        expires_at: '2026-11-21T03:00:00.000Z',
        state: 'done',
        problem: null,
        result: { files: 9 },
        reported_at: '2026-11-21T02:01:00.000Z',
        bundle: { bytes: 482_000, received_at: '2026-11-21T02:01:00.000Z' },
      },
    ]
    await open('commands')
    const [saved] = await Promise.all([
      at.page.waitForEvent('download'),
      at.page.getByRole('button', { name: 'Download (482 kB)' }).click(),
    ])
    expect(saved.suggestedFilename()).toBe('jidoka-support.tar.gz')
  })

  test('a courier file is sent piece by piece, and one that is none is refused with a sentence', async () => {
    await open('courier')
    const box = at.page.getByLabel('Drop a courier file here, or choose one')
    const choose = (buffer: Buffer) => box.setInputFiles({ name: 'week-47.courier', mimeType: '', buffer })
    await choose(Buffer.from('holiday pictures'))
    await at.page.getByText('This is no courier file. Choose one that an edge has saved.').waitFor()
    await choose(Buffer.concat([Buffer.from('jidoka'), Buffer.alloc(2 * courierPieceBytes)]))
    await at.page.getByText('Taken in').waitFor()
    await at.page.getByRole('cell', { name: '840,000' }).waitFor()
    expect([...at.world.fleet.pieces]).toEqual([
      [0, courierPieceBytes],
      [1, courierPieceBytes],
      [2, 6],
    ])
  })

  test('a courier file for the edge is saved', async () => {
    await open('courier')
    const [saved] = await Promise.all([
      at.page.waitForEvent('download'),
      at.page.getByRole('button', { name: 'Save a courier file' }).click(),
    ])
    expect(String(await readFile(await saved.path()))).toBe('the file jidoka-down.courier')
  })

  test('an edge is revoked only by who types its name', async () => {
    await open('state')
    await at.page.getByRole('button', { name: 'Revoke this edge' }).click()
    const dialog = at.page.getByRole('dialog')
    await dialog.getByLabel('Type its name').fill('ulsan')
    await at.page.keyboard.press('Enter')
    expect(at.world.requests).not.toContain(`DELETE /api/v1/fleet/edges/${edgeId}`)
    await dialog.getByLabel('Type its name').fill('ulsan-assembly')
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click()
    await at.page.getByText('ulsan-assembly is revoked.').waitFor()
  })
})
