import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { simulatorConfig } from '../config.ts'
import { startSimulator } from '../run.ts'
import type { RunningSimulator } from '../run.ts'
import { TestBroker } from '../testing/broker.ts'
import { quietLog } from '../testing/quiet-log.ts'

/** Starts databases or programs, which takes seconds each, and many times that on a machine that is busy with other tests. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const executablePath =
  ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path)) ?? null
/** A folder for pictures to look at; none are kept without it. */
const pictures = process.env['JIDOKA_TEST_PICTURES']

describe.skipIf(executablePath === null)('the page in Chromium (skipped where it is not installed)', () => {
  const broker = new TestBroker(null)
  let simulator: RunningSimulator
  let browser: Browser

  beforeAll(async () => {
    await broker.start()
    const environment = {
      JIDOKA_SIMULATOR_MQTT_URL: broker.url,
      JIDOKA_SIMULATOR_HTTP_PORT: '0',
      JIDOKA_SIMULATOR_MES_PORT: '0',
      JIDOKA_SIMULATOR_LINE_TARGET: broker.url.slice('mqtt://'.length),
    }
    simulator = await startSimulator(simulatorConfig(environment), quietLog)
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(async () => {
    await browser?.close()
    await simulator?.stop()
    await broker.stop()
  })

  async function open(
    language: 'ko' | 'en',
    colorScheme: 'dark' | 'light',
    width = 1_000,
  ): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 1_100 }, locale: language })
    const problems: string[] = []
    page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())))
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(`${simulator.addresses.page}/?lang=${language}`)
    await page.locator('#kinds li').first().waitFor()
    return { page, problems }
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true })
  }

  test('a fault is begun and taken back in Korean, its remaining time is shown, and the abnormal is marked', async () => {
    const { page, problems } = await open('ko', 'light')
    await picture(page, 'simulator-ko-calm')
    expect(await page.locator('html').getAttribute('lang')).toBe('ko')
    await page.locator('[data-kind=bearing_wear] button').click()
    await page.locator('[data-kind=line_cut] button').click()
    const wear = page.locator('#running li', { hasText: '베어링 마모' })
    await wear.waitFor()
    await page.locator('.abnormal', { hasText: '단절' }).waitFor()
    expect(await wear.textContent()).toMatch(/LINE-A\/PRESS-1.*(59초|1분 0초) 남음/)
    await picture(page, 'simulator-ko-faults')
    await wear.getByRole('button', { name: '되돌리기' }).click()
    await wear.waitFor({ state: 'detached' })
    await page.locator('#running li', { hasText: '회선' }).getByRole('button').click()
    await page.getByText('고장이 없습니다').waitFor()
    expect(problems).toEqual([])
    await page.close()
  })

  test('the same in English and dark, on a narrow screen, without a sideways scroll', async () => {
    const { page, problems } = await open('en', 'dark', 390)
    await page.locator('[data-kind=drift] select[name=target]').selectOption('LINE-C/CNC-2/vibration')
    await page.locator('[data-kind=drift] select[name=duration_s]').selectOption('')
    await page.locator('[data-kind=drift] button').click()
    const drift = page.locator('#running li', { hasText: 'LINE-C/CNC-2/vibration' })
    await drift.waitFor()
    expect(await drift.textContent()).toContain('until taken back')
    await picture(page, 'simulator-en-narrow')
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
    await drift.getByRole('button', { name: 'Take back' }).click()
    await page.getByText('No fault runs').waitFor()
    expect(problems).toEqual([])
    await page.close()
  })

  test('everything that a finger meets is at least 48 px high', async () => {
    const { page } = await open('ko', 'light')
    const heights = await page
      .locator('button:visible, input:visible, select:visible')
      .evaluateAll((nodes) => nodes.map((node) => node.getBoundingClientRect().height))
    expect(heights.length).toBeGreaterThan(20)
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(48)
    await page.close()
  })

  test('the pace is changed, and stays as set', async () => {
    const { page } = await open('en', 'light')
    await page.locator('[name=speed]').fill('5')
    await page.locator('[name=readings_per_s]').fill('500')
    await page.locator('#pace button').click()
    await page.waitForResponse((response) => response.url().endsWith('/api/v1/plant'))
    const { data } = (await (await fetch(`${simulator.addresses.page}/api/v1/plant`)).json()) as { data: unknown }
    expect(data).toMatchObject({ speed: 5, readings_per_s: 500 })
    await page.close()
  })
})
