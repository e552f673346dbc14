import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, openPanel, openScreens, type Panel, type PanelOptions, type Screens } from './browser.ts'
import type { FixtureAppliance } from './fixture/server.ts'

const trouble = {
  kind: 'diverged' as const,
  lane: 'readings' as const,
  seq: 900_000,
  since: '2026-11-21T02:10:00.000Z',
  sentence: 'The cloud holds other rows.',
}
const outage = (day: number) => ({
  from: `2026-${day > 28 ? '10' : '11'}-${String(((day - 1) % 28) + 1).padStart(2, '0')}T02:10:00.000Z`,
  to: `2026-${day > 28 ? '10' : '11'}-${String(((day - 1) % 28) + 1).padStart(2, '0')}T04:40:12.000Z`,
  cause: 'no route to the cloud',
  rows_waiting: 88_120,
})

function draining({ plant }: FixtureAppliance): void {
  plant.board.line_to_cloud.lanes = [
    { lane: 'records', stored_seq: 18_204, receipted_seq: 18_204, waiting_rows: 0 },
    { lane: 'readings', stored_seq: 1_900_000, receipted_seq: 900_000, waiting_rows: 1_000_000 },
  ]
  plant.sync.lanes.readings = { oldest_unsent_s: 9_000, rows_per_second: 12_500.4, seconds_left: 80 }
}

describe.skipIf(chromiumPath === null)('the page about the line to the cloud (needs Chromium)', () => {
  let screens: Screens
  let panel: Panel | null = null
  const open = async (options?: PanelOptions) => {
    panel = await openPanel(screens, { user: 'admin', path: '/sync', ...options })
    return panel
  }
  beforeAll(async () => {
    screens = await openScreens()
  })
  afterAll(() => screens.close())
  afterEach(async () => {
    const complaints = panel?.complaints ?? []
    await panel?.close()
    panel = null
    assert.deepEqual(complaints, [])
  })

  test('says how a long drain stands: rows, rate, age of the oldest and the time that is left', async () => {
    const { page, appliance } = await open({ prepare: draining })
    await page.getByText('1,000,000 rows are being sent; it takes about 1 min more.').waitFor()
    await page.getByText('Readings: 1,000,000 rows left, 12,500 a second, about 1 min').waitFor()
    await page.getByRole('cell', { name: '2 h 30 min' }).first().waitFor()
    appliance.plant.board.line_to_cloud.lanes[1] = {
      lane: 'readings',
      stored_seq: 1_900_000,
      receipted_seq: 1_650_000,
      waiting_rows: 250_000,
    }
    const bar = page.getByRole('progressbar', { name: 'Progress: Readings' })
    const value = () => bar.evaluate((each) => (each as unknown as { value: number }).value)
    await expect.poll(value).toBe(0.75)
  })

  test('a lane that the cloud refuses says so with what to do', async () => {
    const { page } = await open({
      prepare: ({ plant }) => {
        plant.sync.lanes.records = { problem: 'This edge was revoked. Enrol it again.' }
      },
    })
    await page.getByRole('alert').getByText('This edge was revoked. Enrol it again.').waitFor()
  })

  test('another copy of the appliance is explained, and a new epoch is begun only by who types the present one', async () => {
    const { page, appliance } = await open({
      prepare: ({ plant }) => {
        plant.sync.troubles = [trouble]
      },
    })
    const region = page.getByRole('region', { name: 'Two histories of one appliance' })
    await region.getByText('Two copies of this appliance').waitFor()
    await region.getByRole('button', { name: 'Begin a new epoch' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Type its first 8 characters').fill('deadbeef')
    await page.keyboard.press('Enter')
    expect(appliance.plant.sync.troubles).toHaveLength(1)
    await dialog.getByLabel('Type its first 8 characters').fill('0F5A2C7E')
    await page.keyboard.press('Enter')
    await page.getByText('A new epoch has begun: records from 18,205, readings from 900,001.').waitFor()
    await region.waitFor({ state: 'detached' })
  })

  test('a viewer finds the buttons in their places with the reason why they do nothing', async () => {
    const { page } = await open({ user: 'viewer' })
    const button = page.getByRole('button', { name: 'Begin a new epoch' })
    await button.waitFor()
    expect(await button.getAttribute('aria-disabled')).toBe('true')
    await button.click({ force: true })
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  test('an outage that lasts says what waits now, not what waited when it was entered', async () => {
    const { page } = await open({
      prepare: (appliance) => {
        draining(appliance)
        appliance.plant.outages = [{ ...outage(20), to: null, rows_waiting: 17 }, outage(19)]
      },
    })
    const ledger = page.getByRole('table', { name: 'Outage ledger' })
    await ledger.getByRole('cell', { name: '1,000,000 waiting now' }).waitFor()
    expect(await ledger.getByText('17', { exact: true }).count()).toBe(0)
    await ledger.getByText('88,120').waitFor()
  })

  test('the ledger says what was dropped and why, when all was sent, and turns to older pages', async () => {
    const { page } = await open({
      prepare: ({ plant }) => {
        plant.outages = Array.from({ length: 120 }, (_, index) => ({
          ...outage(1),
          from: new Date(Date.parse('2026-11-20T02:10:00.000Z') - index * 3_600_000).toISOString(),
          to: new Date(Date.parse('2026-11-20T02:40:00.000Z') - index * 3_600_000).toISOString(),
        }))
        Object.assign(plant.outages[0] ?? {}, {
          dropped: { space: 1_200, poison: 1 },
          drained: '2026-11-20T03:00:00.000Z',
          receipted: { records: 18_204, readings: 1_900_000 },
        })
      },
    })
    const ledger = page.getByRole('region', { name: 'Outage ledger' })
    const first = ledger.locator('tbody tr').first()
    await first.getByText('1,200 for want of space').waitFor()
    await first.getByRole('link', { name: 'Receipt: Readings up to 1,900,000' }).waitFor()
    await first.getByText('20 Nov 2026, 12:00:00').waitFor()
    await ledger.getByRole('button', { name: 'Older' }).click()
    await expect.poll(() => ledger.locator('tbody tr').count()).toBe(20)
    await ledger.getByRole('button', { name: 'Newer' }).click()
    await expect.poll(() => ledger.locator('tbody tr').count()).toBe(100)
  })

  test('what is printed is the ledger alone, with plant, appliance and time zone', async () => {
    const { page } = await open({
      prepare: ({ plant }) => {
        plant.outages = [outage(19)]
      },
    })
    await page.getByText('no route to the cloud').waitFor()
    await page.emulateMedia({ media: 'print' })
    await page.getByText('Outage ledger of the appliance cheonan-1 (edge-7f3a)').waitFor()
    await page.getByText(/^Times in Asia\/Seoul\. Printed/).waitFor()
    await page.getByText('Cheonan plant').last().waitFor()
    const shown = await page.locator('main section:visible, header:visible, button:visible').count()
    expect(shown).toBe(1)
  })

  test('a comparison of both ends is begun, watched, and its differences are named', async () => {
    const { page, appliance } = await open()
    await page.getByRole('button', { name: 'Check now' }).click()
    await page.getByText('Being compared since').waitFor()
    appliance.plant.sync.audit = {
      state: 'done',
      started_at: '2026-11-21T02:00:00.000Z',
      ended_at: '2026-11-21T02:00:09.000Z',
      problem: null,
      report: {
        epoch: appliance.plant.sync.epoch,
        is_whole: false,
        ranges: 29,
        rows: 1_900_000,
        unknown: 2,
        differences: [
          {
            lane: 'readings',
            range: 13,
            from_seq: 851_969,
            to_seq: 917_504,
            where: 'cloud_rows',
            edge_count: 65_536,
            cloud_count: 65_500,
            repair: 'not_held',
            detail: null,
          },
        ],
      },
    }
    const row = page.getByRole('row', { name: /851,969 to 917,504/ })
    await row.getByText('no longer kept here, cannot be sent').waitFor()
    await page.getByText('29 ranges with 1,900,000 rows compared.').waitFor()
  })

  test('what waits is saved to courier files, the next one from behind the last', async () => {
    const { page, appliance } = await open({ prepare: draining })
    const courier = page.getByRole('region', { name: 'By courier' })
    await courier.getByText('1,000,000 rows wait for the cloud.').waitFor()
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      courier.getByRole('button', { name: 'Save a courier file' }).click(),
    ])
    expect(saved.suggestedFilename()).toBe('jidoka-file-1.courier')
    expect(String(await readFile(await saved.path()))).toBe('a courier file')
    await courier.getByRole('button', { name: 'Save the next file' }).click()
    await expect.poll(() => appliance.plant.sync.exports[0]?.readings?.from_seq).toBe(900_001)
    await courier.getByRole('button', { name: 'Save the next file' }).waitFor({ state: 'detached' })
  })

  test('a torn courier file is refused with a sentence, a whole one says what came of it', async () => {
    const { page, appliance } = await open()
    const courier = page.getByRole('region', { name: 'By courier' })
    const choose = () =>
      courier
        .getByLabel('Drop a courier file here, or choose one')
        .setInputFiles({ name: 'ulsan.courier', mimeType: '', buffer: Buffer.from('x') })
    await choose()
    await courier.getByRole('alert').getByText('The file is torn').waitFor()
    appliance.plant.sync.imports = {
      file_id: 'f',
      created_at: '2026-11-21T02:00:00.000Z',
      desired: 'applied',
      items: 12,
      problems: [],
      receipts: [{ lane: 'readings', up_to_seq: 900_000, outcome: 'stored' }],
    }
    await choose()
    await courier.getByText('What the cloud wants is in force: 12 items.').waitFor()
    await courier.getByText('Readings: in the cloud up to 900,000.').waitFor()
  })

  test('commands of the cloud stand with what came of them, and a support bundle is made', async () => {
    const { page } = await open({
      prepare: ({ plant }) => {
        plant.sync.commands = [
          {
            id: '00000000-0000-4000-8000-000000000001',
            name: 'resend',
            issued_by: 'kim',
            issued_at: '2026-11-21T02:00:00.000Z',
            expires_at: '2026-11-21T03:00:00.000Z',
            state: 'done',
            problem: null,
            result: { rows_sent: 65_536, first_refusal: null },
            changed_at: '2026-11-21T02:00:30.000Z',
          },
        ]
      },
    })
    const row = page.getByRole('row', { name: /Send rows again/ })
    await row.getByText('Rows sent 65,536').waitFor()
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Make a support bundle' }).click(),
    ])
    expect(saved.suggestedFilename()).toBe('jidoka-support.tar.gz')
  })
})
