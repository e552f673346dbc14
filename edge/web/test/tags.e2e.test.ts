import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chromiumPath, openPanel, openScreens, type Panel, type PanelOptions, type Screens } from './browser.ts'
import { discover } from './fixture/plant.ts'
import type { FixtureAppliance } from './fixture/server.ts'

const key = 'LINE-D/NUT-1/humidity'
const prepare = ({ plant }: FixtureAppliance) => {
  discover(plant, key, 41.2, '%')
  discover(plant, 'LINE-D/NUT-1/state', 'RUN')
  const letter = (reason: 'not_json' | 'unit_mismatch', minute: number, source: string) => ({
    at: `2026-11-21T05:${minute}:00.000Z`,
    source,
    topic: 'sensor/LINE-A/temperature',
    reason,
    detail:
      reason === 'not_json' ? 'Unexpected end of JSON input' : 'the unit is "F", and "LINE-A/temperature" is in "C"',
    sample: reason === 'not_json' ? '{"value": 7' : '{"value": 70.2, "unit": "F"}',
  })
  plant.deadLetters = [
    letter('not_json', 32, 'press-1'),
    letter('unit_mismatch', 31, 'oven'),
    letter('not_json', 30, 'press-1'),
  ]
}

describe.skipIf(chromiumPath === null)('discovered tags (needs Chromium)', () => {
  let screens: Screens
  const panels: Panel[] = []
  beforeAll(async () => {
    screens = await openScreens()
  }, 120_000)
  beforeEach(async () => {
    for (const panel of panels.splice(0)) await panel.close()
  })
  afterAll(async () => {
    for (const panel of panels.splice(0)) await panel.close()
    await screens.close()
  })
  const open = async (options: PanelOptions = {}) => {
    const panel = await openPanel(screens, { path: '/tags', user: 'admin', prepare, ...options })
    panels.push(panel)
    return panel
  }

  test('are listed with value and age, and adopted by keyboard alone with name and limits', async () => {
    const { page, appliance, complaints } = await open()
    const row = page.getByRole('row', { name: new RegExp(key) })
    await row.getByText('41.20').waitFor()
    await row.focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('Korean name').fill('습도')
    await page.getByLabel('English name').fill('Humidity')
    await page.getByLabel('Low', { exact: true }).fill('60')
    await page.getByLabel('High', { exact: true }).fill('30')
    await page.keyboard.press('Enter')
    await page.getByText('It must be above the limits before it.').waitFor()
    await page.getByLabel('High', { exact: true }).fill('80')
    await page.keyboard.press('Enter')
    await page.getByText('Adopted: Humidity').waitFor()
    await expect.poll(() => row.count()).toBe(0)
    expect(appliance.plant.board.tags.find((tag) => tag.key === key)).toMatchObject({
      name: { ko: '습도', en: 'Humidity' },
      limits: { low: 60, high: 80 },
      adopted: true,
    })
    await page.getByRole('radio', { name: 'Adopted here' }).check()
    await page.getByRole('row', { name: /Humidity/ }).click()
    await page.getByRole('button', { name: 'Take the adoption back' }).click()
    await page.getByText('No tag was adopted on this appliance').waitFor()
    expect(complaints).toEqual([])
  })

  test('who may not adopt sees the tag and reads why', async () => {
    const { page } = await open({ user: 'viewer', path: `/tags?tag=${encodeURIComponent(key)}` })
    const button = page.getByRole('button', { name: 'Adopt' })
    expect(await button.getAttribute('aria-disabled')).toBe('true')
    expect(await page.getByLabel('English name').getAttribute('readonly')).not.toBeNull()
  })

  test('an empty list says what will be here', async () => {
    const { page } = await open({ prepare: () => {} })
    await page.getByText('No discovered tag waits').waitFor()
    await page.getByText('Every message could be stored').waitFor()
  })

  test('messages that could not be stored stand beside them, counted by reason', async () => {
    const { page } = await open()
    const counts = page.locator('dl', { hasText: 'not readable as JSON' })
    await expect.poll(() => counts.innerText()).toMatch(/not readable as JSON\s*2/)
    await page.getByRole('row', { name: /oven/ }).getByText('the unit is "F"').waitFor()
  })
})
