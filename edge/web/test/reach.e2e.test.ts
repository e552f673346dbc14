import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, openPanel, openScreens, type Screens } from './browser.ts'
import { discover } from './fixture/plant.ts'
import { stoppedRule } from './fixture/rules.ts'
import type { FixtureAppliance } from './fixture/server.ts'

const addresses = [
  '/',
  '/?view=wall',
  '/lines/LINE-A',
  '/alarms',
  '/judgments',
  '/rules?id=temperature-high',
  '/rules?id=bearing-drift',
  '/tags?tag=LINE-D%2FNUT-1%2Fhumidity',
  '/sync',
  '/settings',
]
const sizes = [
  { name: 'small panel', width: 1024, height: 600 },
  { name: 'panel', width: 1280, height: 800 },
  { name: 'desktop', width: 1920, height: 1080 },
]

function alarmed(appliance: FixtureAppliance): void {
  appliance.judge('LINE-A/PRESS-1/temperature', 'temperature-high', 'HIGH', 90)
  appliance.judge('LINE-C/OVEN-1/temperature', 'temperature-high', 'UNJUDGED', null)
  appliance.lineToCloud({ state: 'offline', problem: 'the cloud does not answer' })
  discover(appliance.plant, 'LINE-D/NUT-1/humidity', 41.2, '%')
  appliance.plant.rules.push(stoppedRule())
  const { plant } = appliance
  plant.sync.troubles = [
    { kind: 'diverged', lane: 'readings', seq: 9_120_580, since: '2026-11-19T02:10:00.000Z', sentence: 'It differs.' },
  ]
  plant.outages = [
    {
      from: '2026-11-13T02:10:00.000Z',
      to: '2026-11-16T04:40:12.000Z',
      cause: 'connect ECONNREFUSED 203.0.113.140:443',
      rows_waiting: 38_812_020,
      drained: '2026-11-16T05:52:00.000Z',
      dropped: { space: 120_400, poison: 1 },
      receipted: { records: 218_204, readings: 49_120_580 },
    },
  ]
}

/** Controls that a finger has to hit, with their height; links within a sentence or a dense table are not meant. */
const controlsBelow48 = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.button, .field-control, .choice-option, .shell-nav a, .tile')]
      .filter((element) => element.offsetParent !== null && !element.classList.contains('shell-skip'))
      .map((element) => ({ name: element.textContent, height: Math.round(element.getBoundingClientRect().height) }))
      .filter(({ height }) => height < 48),
  )

const nameless = (page: Page) =>
  page.evaluate(() =>
    [
      ...document.querySelectorAll<HTMLElement>(
        'button, a[href], input, select, textarea, [role="slider"], [role="img"]',
      ),
    ]
      .filter((element) => {
        const labels =
          element instanceof HTMLInputElement ||
          element instanceof HTMLSelectElement ||
          element instanceof HTMLTextAreaElement
            ? [...(element.labels ?? [])].map((label) => label.textContent)
            : []
        return [element.getAttribute('aria-label'), element.textContent, ...labels].every(
          (text) => (text ?? '').trim() === '',
        )
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  )

describe.skipIf(chromiumPath === null)('every page, in every size and both languages (needs Chromium)', () => {
  let screens: Screens
  beforeAll(async () => {
    screens = await openScreens()
  })
  afterAll(() => screens.close())

  test.each(sizes.flatMap((size) => (['ko', 'en'] as const).map((language) => ({ ...size, language }))))(
    'on a $name in $language nothing is cut off at the side and every control is 48 px high',
    async ({ width, height, language }) => {
      const panel = await openPanel(screens, { language, viewport: { width, height }, prepare: alarmed })
      for (const address of addresses) {
        await panel.page.goto(panel.url + address)
        await panel.page.locator('main h1, main.wall').first().waitFor({ state: 'attached' })
        const overflow = await panel.page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        )
        expect({ address, overflow: Math.max(0, overflow) }).toEqual({ address, overflow: 0 })
        expect({ address, low: await controlsBelow48(panel.page) }).toEqual({ address, low: [] })
      }
      await panel.close()
    },
    60_000,
  )

  test('every control has a name, every page one heading, one main part and its language', async () => {
    const panel = await openPanel(screens, { prepare: alarmed })
    for (const address of addresses.filter((each) => !each.includes('wall'))) {
      await panel.page.goto(panel.url + address)
      await panel.page.locator('main h1').first().waitFor({ state: 'attached' })
      expect({ address, nameless: await nameless(panel.page) }).toEqual({ address, nameless: [] })
      expect({ address, headings: await panel.page.locator('h1').count() }).toEqual({ address, headings: 1 })
      expect({ address, parts: await panel.page.locator('main').count() }).toEqual({ address, parts: 1 })
      expect(await panel.page.locator('html').getAttribute('lang')).toBe('en')
    }
    await panel.close()
  }, 60_000)

  test('the Tab key reaches the acknowledgement, and each stop on the way is seen', async () => {
    const panel = await openPanel(screens, { prepare: alarmed })
    await panel.page.getByRole('button', { name: /^Acknowledge: / }).waitFor()
    const reached: string[] = []
    for (let stops = 0; stops < 40 && !reached.at(-1)?.startsWith('Acknowledge: '); stops++) {
      await panel.page.keyboard.press('Tab')
      const focus = await panel.page.evaluate(() => {
        const element = document.activeElement
        if (!(element instanceof HTMLElement)) return null
        // A radio button is drawn by the label that follows it.
        const drawn = element.matches('.choice-option input') ? (element.nextElementSibling ?? element) : element
        const style = getComputedStyle(drawn)
        return {
          name: element.getAttribute('aria-label') ?? element.textContent,
          outline: `${style.outlineStyle} ${style.outlineWidth}`,
        }
      })
      expect(focus).toMatchObject({ outline: 'solid 3px' })
      reached.push(focus?.name ?? '')
    }
    expect(reached.at(-1)).toContain('Acknowledge: Temperature high')
    await panel.close()
  }, 30_000)

  test('with reduced motion nothing is animated', async () => {
    const panel = await openPanel(screens, { reducedMotion: 'reduce', prepare: alarmed })
    await panel.page.locator('.tile').first().waitFor()
    const moving = await panel.page.evaluate(() => document.getAnimations().length)
    expect(moving).toBe(0)
    await panel.close()
  })

  test.each(['light', 'dark'] as const)(
    'a device set to %s shows its own ground, and the choice in Settings overrides it',
    async (colorScheme) => {
      const panel = await openPanel(screens, { colorScheme, path: '/settings' })
      await panel.page.getByRole('heading', { name: 'Appearance' }).waitFor()
      const ground = () => panel.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
      const [own, other] =
        colorScheme === 'light' ? ['rgb(228, 230, 233)', 'rgb(20, 23, 26)'] : ['rgb(20, 23, 26)', 'rgb(228, 230, 233)']
      expect(await ground()).toBe(own)
      await panel.page.getByRole('radio', { name: colorScheme === 'light' ? 'Dark' : 'Light' }).check()
      expect(await ground()).toBe(other)
      await panel.close()
    },
  )
})
