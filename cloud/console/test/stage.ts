import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { noBrowser, openBrowser } from './browser.ts'
import { buildConsole, type BuiltConsole } from './built-console.ts'
import { startFixtureServer, type FixtureServer } from './fixture-server.ts'
import { createWorld, passwordOfAll, type FixtureWorld } from './fixture-world.ts'

/** Why the tests in a browser are skipped is said once a file. */
export function sayWhySkipped(what: string): boolean {
  if (noBrowser !== undefined) console.warn(`skipped: ${what} (${noBrowser})`)
  return noBrowser !== undefined
}

/**
 * The console as it is built, in a real browser, against a server that speaks the cloud's contract over real HTTP with the
 * cloud's own content security policy. Each test has a world, a server and a page of its own; what the page complains about fails it.
 */
export class Stage {
  built!: BuiltConsole
  browser!: Browser
  server!: FixtureServer
  world!: FixtureWorld
  context!: BrowserContext
  page!: Page
  #mistakes: string[] = []

  /** To be called in a `describe`. */
  static set(): Stage {
    const stage = new Stage()
    beforeAll(async () => {
      stage.built = await buildConsole()
      stage.browser = await openBrowser()
    })
    afterAll(async () => {
      await stage.browser?.close()
      await stage.built?.remove()
    })
    beforeEach(() => stage.open(createWorld(Date.now())))
    afterEach(async () => {
      await stage.context.close()
      await stage.server.close()
      if (stage.#mistakes.length > 0) throw new Error(`the browser reported: ${stage.#mistakes.join('; ')}`)
    })
    return stage
  }

  async open(world: FixtureWorld): Promise<void> {
    this.world = world
    this.server = await startFixtureServer(world, this.built.folder)
    this.context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
    await this.context.addInitScript(() =>
      localStorage.setItem('jidoka.preferences', JSON.stringify({ locale: 'en', theme: 'system' })),
    )
    this.page = await this.context.newPage()
    this.page.setDefaultTimeout(30_000)
    this.#mistakes = []
    this.page.on('pageerror', (error) => this.#mistakes.push(error.message))
    this.page.on('console', (message) => {
      // A refused sign-in is an answer; everything else on the console is a mistake, the content security policy's too.
      if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
        this.#mistakes.push(message.text())
    })
  }

  async signIn(path: string, login = 'admin'): Promise<void> {
    await this.page.goto(this.server.url + path)
    await this.page.fill('[name=login]', login)
    await this.page.fill('[name=password]', passwordOfAll)
    await this.page.keyboard.press('Enter')
    await this.page.locator('.shell-header').waitFor()
  }

  heading(name: string) {
    return this.page.getByRole('heading', { name, exact: true })
  }
}
