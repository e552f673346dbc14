import assert from 'node:assert/strict'
import type { KeptReceiptView } from '@jidoka/contract'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, openPanel, openScreens, type Panel, type PanelOptions, type Screens } from './browser.ts'
import type { FixtureAppliance } from './fixture/server.ts'

const epoch = '0f5a2c7e-93f1-4a51-8a3e-6a2f0d9c1b44'

/** Newest first, records and readings in turn. */
const receipts = (count: number): KeptReceiptView[] =>
  Array.from({ length: count }, (_, index) => {
    const id = count - index
    const lane = id % 2 === 0 ? ('readings' as const) : ('records' as const)
    const rows = lane === 'readings' ? 32_000 : 40
    const no = Math.ceil(id / 2)
    return {
      id,
      lane,
      epoch,
      is_present_epoch: true,
      from_seq: (no - 1) * rows + 1,
      up_to_seq: no * rows,
      rows,
      rows_total: no * rows,
      digest: id.toString(16).padStart(16, 'c4'),
      received_at: new Date(Date.parse('2026-11-20T03:00:00.000Z') + id * 60_000).toISOString(),
      key_id: 'receipts-2026-11',
    }
  })

const kept = ({ plant }: FixtureAppliance): void => {
  plant.sync.receipts = receipts(50)
  plant.sync.verdicts = new Map([[49, 'bad_signature']])
  plant.outages = [
    {
      from: '2026-11-20T02:10:00.000Z',
      to: '2026-11-20T02:40:00.000Z',
      cause: 'connect ECONNREFUSED 10.0.0.7:443',
      rows_waiting: 88_120,
      drained: '2026-11-20T03:10:00.000Z',
      dropped: {},
      receipted: { records: 200, readings: 160_000 },
    },
  ]
}

describe.skipIf(chromiumPath === null)('receipts on the page about the line (needs Chromium)', () => {
  let screens: Screens
  let panel: Panel | null = null
  const open = async (options?: PanelOptions) => {
    panel = await openPanel(screens, { user: 'admin', path: '/sync', prepare: kept, ...options })
    return {
      ...panel,
      region: panel.page.getByRole('region', { name: options?.language === 'ko' ? '수신 확인' : 'Receipts' }),
    }
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

  test('stand newest first with numbers, rows, digest and key, in pages, of one lane where that is asked for', async () => {
    const { region } = await open()
    const rows = region.locator('tbody tr')
    await rows.first().getByText('768,001 to 800,000').waitFor()
    expect(await rows.count()).toBe(20)
    await rows.first().getByText('receipts-2026-11').waitFor()
    await region.getByRole('button', { name: 'Older' }).click()
    await rows.first().getByText('448,001 to 480,000').waitFor()
    await region.getByRole('radio', { name: 'Records' }).check({ force: true })
    await rows.first().getByText('961 to 1,000').waitFor()
    expect(await region.getByText('Readings', { exact: true }).count()).toBe(1)
  })

  test('one is verified by the keyboard, and a forged one is named', async () => {
    const { page, region } = await open()
    await region.getByRole('button', { name: 'Verify the receipt of Readings up to 800,000' }).focus()
    await page.keyboard.press('Enter')
    await region.locator('tbody tr').nth(0).getByText('signed, and the rows agree').waitFor()
    await region.getByRole('button', { name: 'Verify the receipt of Records up to 1,000' }).click()
    await region.locator('tbody tr').nth(1).getByText('changed after it was signed (forged)').waitFor()
  })

  test('all are verified, and what was forged stands there with what to do', async () => {
    const { region, appliance } = await open()
    await region.getByRole('button', { name: 'Verify all' }).click()
    await region.getByText('Being verified since').waitFor()
    appliance.plant.sync.verification = {
      state: 'done',
      started_at: '2026-11-21T02:00:00.000Z',
      ended_at: '2026-11-21T02:00:09.000Z',
      problem: null,
      counts: { rows_match: 49, bad_signature: 1 },
      wrong: [
        {
          id: 49,
          lane: 'records',
          epoch,
          up_to_seq: 1_000,
          received_at: '2026-11-20T03:49:00.000Z',
          key_id: 'k1',
          verdict: 'bad_signature',
        },
      ],
    }
    const note = region.getByRole('alert')
    await note.getByText('1 receipt does not hold.').waitFor()
    await note.getByText('Records up to 1,000, 20 Nov').waitFor()
    await note.getByText('changed after it was signed (forged)').waitFor()
  })

  test('who follows an outage to its receipts finds the one that it ended with first', async () => {
    const { page, region } = await open()
    await page.getByRole('link', { name: 'Receipt: Readings up to 160,000' }).click()
    await region.locator('tbody tr').first().getByText('128,001 to 160,000').waitFor()
    expect(new URL(page.url()).search).toBe('?receipts=readings.160000')
    await expect.poll(() => region.evaluate((each) => Math.abs(each.getBoundingClientRect().top) < 200)).toBe(true)
    await region.getByRole('button', { name: 'Show all' }).click()
    await region.locator('tbody tr').first().getByText('768,001 to 800,000').waitFor()
  })

  test('there is a word for none of them, and a viewer finds why all cannot be verified by them', async () => {
    const { region } = await open({ user: 'viewer', prepare: () => {} })
    await region.getByText('No receipts').waitFor()
    expect(await region.getByRole('button', { name: 'Verify all' }).getAttribute('aria-disabled')).toBe('true')
  })

  test('in Korean causes and problems of the line are Korean too', async () => {
    const { page, region } = await open({ language: 'ko' })
    await page.getByText('10.0.0.7:443에서 연결을 거부함').waitFor()
    await region.getByRole('button', { name: '측정값 800,000번까지의 수신 확인 검증' }).click()
    await region.getByText('서명이 맞고 데이터와 일치').waitFor()
  })
})
