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

  test('are one sentence on the board and on the page of their line, however many a device makes up', async () => {
    const madeUp = ({ plant }: FixtureAppliance) => {
      for (let number = 0; number < 3_000; number++) discover(plant, `LINE-D/NUT-1/rand${number}`, number)
    }
    const { page } = await open({ path: '/', prepare: madeUp })
    for (const path of ['/', '/lines/LINE-D']) {
      if (path !== '/') await page.locator(`a[href="${path}"]`).first().click()
      const waiting = page.getByRole('link', { name: '3,000 discovered tags wait for adoption' })
      await waiting.waitFor()
      expect(await page.getByText('rand7').count()).toBe(0)
      expect(await page.locator('*').count()).toBeLessThan(5_000)
      if (path !== '/') await waiting.click()
    }
    await page.getByText('LINE-D/NUT-1/rand7', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.getByText('LINE-D/NUT-1/rand107', { exact: true }).waitFor()
    expect(await page.getByText('LINE-D/NUT-1/rand7', { exact: true }).count()).toBe(0)
    await page.getByRole('button', { name: 'First page' }).click()
    await page.getByText('LINE-D/NUT-1/rand7', { exact: true }).waitFor()
  })

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

  test('one long text leaves every table within a screen of 1,024 pixels, and can be read in full', async () => {
    const text = 'X'.repeat(1_024)
    const name = 'N'.repeat(100)
    const { page, url } = await open({
      viewport: { width: 1_024, height: 768 },
      prepare: ({ plant }) => {
        discover(plant, key, text)
        discover(plant, 'LINE-A/PRESS-9/recipe', text)
        Object.assign(plant.board.tags.at(-1) ?? {}, { adopted: true })
        for (const rule of plant.rules) rule.definition = { ...rule.definition, name: { ko: name, en: name } }
      },
    })
    /** By how much the page or a table of it is wider than there is room for. */
    const tooWide = () =>
      page.evaluate(() =>
        Math.max(
          ...[document.documentElement, ...document.querySelectorAll('.table-frame')].map(
            ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth,
          ),
        ),
      )
    await page.getByTitle(text).waitFor()
    expect(await tooWide()).toBe(0)
    await page.goto(`${url}/rules`)
    await page.getByRole('row', { name }).first().click()
    expect(await tooWide()).toBe(0)
    await page.goto(`${url}/lines/LINE-A`)
    await page.getByTitle(text).waitFor()
    expect(await tooWide()).toBe(0)
  })
})
