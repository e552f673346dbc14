import assert from 'node:assert/strict'
import { ruleProblemText } from '@jidoka/domain'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, openPanel, openScreens, type Panel, type PanelOptions, type Screens } from './browser.ts'
import { stoppedRule } from './fixture/rules.ts'
import type { FixtureAppliance } from './fixture/server.ts'

/** Sixty judgments of one tag, every tenth abnormal. */
function withJudgments(appliance: FixtureAppliance): void {
  for (let index = 0; index < 60; index++)
    appliance.judge('LINE-A/PRESS-1/temperature', 'temperature-high', index % 10 === 0 ? 'HIGH' : 'NORMAL', 60 + index)
}

describe.skipIf(chromiumPath === null)('an engineer at the on-site screens (needs Chromium)', () => {
  let screens: Screens
  let panel: Panel | null = null
  const open = async (options?: PanelOptions) => {
    panel = await openPanel(screens, { user: 'admin', ...options })
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

  test('finds filters, page and the open judgment in the URL, and a colleague who gets the link sees the same', async () => {
    const { page } = await open({ path: '/judgments', prepare: withJudgments })
    await page.getByRole('radio', { name: 'Abnormal only' }).check()
    await expect.poll(() => page.locator('tbody tr[data-row]').count()).toBe(6)
    await page.locator('tbody tr[data-row]').nth(2).click()
    await page.getByText('Inputs as the rule saw them').waitFor()
    expect(page.url()).toMatch(/abnormal=1.*id=|id=.*abnormal=1/)
    await page.reload()
    await page.getByText('Inputs as the rule saw them').waitFor()
    expect(await page.locator('tbody tr[data-row]').count()).toBe(7)
    expect(await page.locator('tr[aria-selected="true"]').count()).toBe(1)
  })

  test('turns to older judgments, and Back leads to the newer ones', async () => {
    const { page } = await open({ path: '/judgments', prepare: withJudgments })
    await page.getByRole('button', { name: 'Older' }).click()
    await expect.poll(() => page.locator('tbody tr[data-row]').count()).toBe(10)
    await page.goBack()
    await expect.poll(() => page.locator('tbody tr[data-row]').count()).toBe(50)
  })

  test('reads why a judgment was given: input, age, rule, version and hash', async () => {
    const { page, appliance } = await open({ path: '/judgments', prepare: withJudgments })
    const [judgment] = appliance.plant.judgments
    await page.goto(`${page.url()}?id=${judgment?.id}`)
    const detail = page.getByRole('region', { name: 'Judgment' })
    await detail.getByText(judgment?.rule_hash ?? '').waitFor()
    await detail.getByText('version 3').waitFor()
    await detail.getByRole('cell', { name: '119', exact: true }).waitFor()
  })

  test('tries a rule with another value and another limit, and sees the verdict change', async () => {
    const { page } = await open({ path: '/rules?id=temperature-high' })
    const verdict = page.locator('.try-verdict')
    await verdict.getByText('High').waitFor()
    await page.getByLabel('value', { exact: true }).fill('72')
    await verdict.getByText('Normal').waitFor()
    await page.getByLabel('High limit').fill('70,5')
    await verdict.getByText('72 > 70.5').waitFor()
    await page.getByLabel('value', { exact: true }).fill('7x')
    await page.getByText('Enter a number.').waitFor()
    await page.getByText('Fill in every input to see a verdict.').waitFor()
  })

  test('sees the course of a tag over its limits, and moves the reading line with arrow keys', async () => {
    const { page } = await open({ path: '/lines/LINE-A' })
    await page.locator('tr[data-row="LINE-A/PRESS-2/vibration"]').click()
    expect(page.url()).toContain('tag=LINE-A%2FPRESS-2%2Fvibration')
    const chart = page.getByRole('slider')
    await chart.waitFor()
    await chart.focus()
    const last = await chart.getAttribute('aria-valuenow')
    await page.keyboard.press('ArrowLeft')
    expect(Number(await chart.getAttribute('aria-valuenow'))).toBeLessThan(Number(last))
    await page.getByRole('radio', { name: '8 h' }).check()
    await expect.poll(() => page.url()).toContain('range=8h')
    await page.getByText('28,800 readings').waitFor()
  })

  test('sees lanes, receipts and outages', async () => {
    const { page } = await open({
      path: '/sync',
      prepare: ({ plant }) => {
        plant.outages = [
          { from: '2026-11-19T02:10:00.000Z', to: '2026-11-19T04:40:12.000Z', cause: 'time-out', rows_waiting: 88_120 },
        ]
      },
    })
    await page
      .getByRole('row', { name: /time-out/ })
      .getByText('2 h 30 min')
      .waitFor()
    await page.getByText('cloud-2026-1').waitFor()
    const disk = page.getByRole('region', { name: 'Disk' })
    await disk.getByText('118 days').waitFor()
    await disk.getByText('131 days').waitFor()
  })

  test('sees how long the disk lasts as not known, as less than a day, and as more than ten years', async () => {
    const { page, appliance } = await open({ path: '/sync' })
    await expect.poll(() => appliance.streamsCount).toBe(1)
    const disk = page.getByRole('region', { name: 'Disk' })
    const lasts = (byHour: number | null, byDay: number | null) =>
      appliance.lineToCloud({
        disk: { ...appliance.plant.board.line_to_cloud.disk, horizon_days: byHour, horizon_days_at_day_rate: byDay },
      })
    lasts(0.4, 36_500)
    await disk.getByText('less than a day').waitFor()
    await disk.getByText('more than ten years').waitFor()
    lasts(null, 3)
    await disk.getByText('not known yet').waitFor()
  })

  test('sees a stopped rule with its error, the line of the script, since when, and what to do', async () => {
    const { page } = await open({
      path: '/rules?id=bearing-drift',
      prepare: ({ plant }) => plant.rules.push(stoppedRule()),
    })
    const detail = page.getByRole('region', { name: 'Rule' })
    await detail.getByText('Stopped since 21 Nov').waitFor()
    await detail.getByText('It failed 5 times.').waitFor()
    await detail.getByText('Line 2, column 17:').waitFor()
    await detail.getByText('Division by zero').waitFor()
    await detail.getByText('deploy it again').waitFor()
    expect(await page.locator('.script-line-wrong').textContent()).toContain('let ratio = 100 / step')
    await detail.getByRole('cell', { name: /^mean, last closed 5 min/ }).waitFor()
    await detail.getByRole('cell', { name: 'violated tests (Nelson), centre 2.2, sigma 0.35' }).waitFor()
    await page.getByRole('button', { name: '한국어' }).click()
    await page.getByText('5회 실패했습니다.').waitFor()
    await page.getByText('2행 17열: 0으로 나누었습니다: 100 / 0').first().waitFor()
    await page.getByRole('cell', { name: /^마지막으로 닫힌 5분 평균/ }).waitFor()
  })

  test('reads in Korean why a rule does not judge everywhere', async () => {
    const { page } = await open({
      path: '/rules?id=bearing-drift',
      prepare: ({ plant }) =>
        plant.rules.push({
          ...stoppedRule(),
          state: 'in_force',
          problem: ruleProblemText('crowded_out'),
          failure: null,
        }),
    })
    const detail = page.getByRole('region', { name: 'Rule' })
    await detail.getByText('no room for more pairs of a rule and a sensor').waitFor()
    await page.getByRole('button', { name: '한국어' }).click()
    const inKorean = page.getByText('규칙과 센서의 쌍을 더 둘 자리가 없습니다')
    await expect.poll(() => inKorean.count()).toBe(2)
    expect(await page.getByText('no room').count()).toBe(0)
  })

  test('pages through abnormal judgments that came within one second, none twice and none missing', async () => {
    const { page } = await open({
      path: '/judgments?abnormal=1',
      prepare: (appliance) => {
        for (let index = 0; index < 230; index++)
          appliance.judge('LINE-A/PRESS-1/temperature', 'temperature-high', 'HIGH', 90 + index)
      },
    })
    const seen: (string | null)[] = []
    for (const count of [50, 50, 50, 50, 30]) {
      const rows = page.locator('tbody tr[data-row]')
      const first = seen.at(-50) ?? null
      await page.waitForFunction(
        (before) =>
          ![null, before].includes(document.querySelector('tbody tr[data-row]')?.getAttribute('data-row') ?? null),
        first,
      )
      expect(await rows.count()).toBe(count)
      for (const row of await rows.all()) seen.push(await row.getAttribute('data-row'))
      if (count === 50) await page.getByRole('button', { name: 'Older' }).click()
    }
    expect(new Set(seen).size).toBe(230)
  })

  test('changes the password only when the fields agree, and is told when the present one is wrong', async () => {
    const { page } = await open({ path: '/settings' })
    await page.getByLabel('Present password').fill('wrong')
    await page.getByLabel('New password', { exact: true }).fill('a long new password')
    await page.getByLabel('New password again').fill('a long new passwort')
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByText('The two do not agree.').waitFor()
    await page.getByLabel('New password again').fill('a long new password')
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByText('Login or password is wrong').waitFor()
    await page.getByLabel('Present password').fill('correct horse battery')
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByText('The password is changed').waitFor()
  })

  test('an address that is no page leads back to the board', async () => {
    const { page } = await open({ path: '/nowhere' })
    await page.getByRole('link', { name: 'To the board' }).click()
    await page.locator('.tile').first().waitFor()
  })
})
