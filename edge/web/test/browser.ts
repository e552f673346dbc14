import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { makePlant, type Plant } from './fixture/plant.ts'
import { credentials, FixtureAppliance } from './fixture/server.ts'

/**
 * Where a Chromium lies, or null. `JIDOKA_CHROMIUM` names another. The headless shell is the same engine without the windows of a
 * desktop around it, which take more than half of the processor's time.
 */
export const chromiumPath: string | null =
  [
    process.env['JIDOKA_CHROMIUM'],
    '/usr/bin/chromium-headless-shell',
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ].find((path) => path !== undefined && existsSync(path)) ?? null

const browserArguments = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Screens {
  readonly browser: Browser
  readonly dist: string
  readonly close: () => Promise<void>
}

/** A browser, and the pages built from the present sources: by `npm test` before its first file, or else here. */
export async function openScreens(): Promise<Screens> {
  const { dist, remove } = await builtPages()
  const browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: browserArguments })
  return {
    browser,
    dist,
    close: async () => {
      await browser.close()
      await remove()
    },
  }
}

const root = join(import.meta.dirname, '..')

async function builtPages(): Promise<{ readonly dist: string; readonly remove: () => Promise<void> }> {
  if (process.env['JIDOKA_PAGES_BUILT'] === '1') return { dist: join(root, 'dist'), remove: () => Promise.resolve() }
  const dist = await mkdtemp(join(tmpdir(), 'jidoka-edge-web-'))
  // In a process of its own: the test runner's NODE_ENV would give the pages React's development build.
  const vite = join(fileURLToPath(import.meta.resolve('vite/package.json')), '../bin/vite.js')
  await promisify(execFile)(
    process.execPath,
    [vite, 'build', '--outDir', dist, '--emptyOutDir', '--logLevel', 'warn'],
    { cwd: root, env: { ...process.env, NODE_ENV: 'production' } },
  )
  return { dist, remove: () => rm(dist, { recursive: true, force: true }) }
}

export interface Panel {
  readonly page: Page
  readonly appliance: FixtureAppliance
  readonly url: string
  /** What the browser complained about: exceptions and refused scripts. Answers with an error status are the test's own. */
  readonly complaints: string[]
  readonly close: () => Promise<void>
}

export interface PanelOptions extends BrowserContextOptions {
  readonly plant?: Plant
  /** Null: nobody is signed in. */
  readonly user?: keyof typeof credentials | null
  readonly language?: 'ko' | 'en'
  readonly path?: string
  /** Before the page is opened. */
  readonly prepare?: (appliance: FixtureAppliance) => void
}

/** A panel in front of an appliance of its own. */
export async function openPanel(screens: Screens, options: PanelOptions = {}): Promise<Panel> {
  const {
    plant = makePlant(() => Date.now()),
    user = 'operator',
    language = 'en',
    path = '/',
    prepare,
    ...contextOptions
  } = options
  const appliance = new FixtureAppliance(plant, screens.dist)
  const url = await appliance.start()
  const context = await screens.browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    ...contextOptions,
  })
  await context.addInitScript((locale) => {
    localStorage['jidoka.preferences'] ??= JSON.stringify({ locale, theme: 'system' })
  }, language)
  if (user !== null) await context.request.post(`${url}/api/v1/auth/login`, { data: credentials[user] })
  prepare?.(appliance)
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  await page.goto(url + path)
  return {
    page,
    appliance,
    url,
    complaints,
    close: async () => {
      await context.close()
      await appliance.stop()
    },
  }
}
