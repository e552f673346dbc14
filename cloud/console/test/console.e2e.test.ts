import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { noBrowser, openBrowser } from './browser.ts'
import { buildConsole, type BuiltConsole } from './built-console.ts'
import { alarm, judgment } from './fixture-data.ts'
import { startFixtureServer, type FixtureServer } from './fixture-server.ts'
import {
  createWorld,
  emptyWorld,
  judge,
  passwordOfAll,
  putRule,
  raise,
  report,
  type FixtureWorld,
} from './fixture-world.ts'

/**
 * The console as it is built, in a real browser, against a server that speaks the cloud's contract over real HTTP with the
 * cloud's own content security policy. What is waited for is always something that is seen.
 */
if (noBrowser !== undefined) console.warn(`skipped: the console in a browser (${noBrowser})`)

describe.skipIf(noBrowser !== undefined)('the console', () => {
  let built: BuiltConsole
  let browser: Browser
  let server: FixtureServer
  let world: FixtureWorld
  let context: BrowserContext
  let page: Page
  let mistakes: string[]

  const open = async (of: FixtureWorld) => {
    world = of
    server = await startFixtureServer(world, built.folder)
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
    await context.addInitScript(() =>
      localStorage.setItem('jidoka.preferences', JSON.stringify({ locale: 'en', theme: 'system' })),
    )
    page = await context.newPage()
    page.setDefaultTimeout(10_000)
    mistakes = []
    page.on('pageerror', (error) => mistakes.push(error.message))
    page.on('console', (message) => {
      // A refused sign-in is an answer; everything else on the console is a mistake, the content security policy's too.
      if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
        mistakes.push(message.text())
    })
  }
  const signIn = async (path: string, login = 'admin') => {
    await page.goto(server.url + path)
    await page.fill('[name=login]', login)
    await page.fill('[name=password]', passwordOfAll)
    await page.keyboard.press('Enter')
    await page.locator('.shell-header').waitFor()
  }
  const heading = (name: string) => page.getByRole('heading', { name, exact: true })

  beforeAll(async () => {
    built = await buildConsole()
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await built?.remove()
  })
  beforeEach(() => open(createWorld(Date.now())))
  afterEach(async () => {
    await context.close()
    await server.close()
    if (mistakes.length > 0) throw new Error(`the browser reported: ${mistakes.join('; ')}`)
  })

  describe('signing in', () => {
    test('a wrong password says what to do, a right one shows the page that was asked for', async () => {
      await page.goto(`${server.url}/judgments?abnormal=1`)
      await page.fill('[name=login]', 'admin')
      await page.fill('[name=password]', 'wrong')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').getByText('Login or password is wrong').waitFor()
      await page.fill('[name=password]', passwordOfAll)
      await page.keyboard.press('Enter')
      await heading('Judgments').waitFor()
      expect(new URL(page.url()).search).toBe('?abnormal=1')
    })

    test('loading the page again needs no password, and no script can read the token', async () => {
      await signIn('/lines')
      await page.reload()
      await heading('Lines').waitFor()
      const kept = await page.evaluate(() =>
        JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]),
      )
      expect(kept).not.toMatch(/e30\.|refresh/)
    })

    test('an access token that has run out is changed once for all calls', async () => {
      await signIn('/lines')
      await page.locator('[data-line]').first().waitFor()
      const refreshes = () => world.requests.filter((request) => request === 'POST /api/v1/auth/refresh').length
      const before = refreshes()
      world.tokensFromMs = Date.now()
      // This page asks for its rows and for the lines at the same time.
      await page.getByRole('link', { name: 'Judgments' }).click()
      await page.locator('tr[data-row]').first().waitFor()
      await page.getByRole('option', { name: /LINE-C/ }).waitFor({ state: 'attached' })
      expect(refreshes() - before).toBe(1)
    })

    test('signing out in one tab signs the other out too', async () => {
      await signIn('/lines')
      const other = await context.newPage()
      await other.goto(`${server.url}/fleet`)
      await other.locator('.shell-header').waitFor()
      await page.getByRole('button', { name: '김현장' }).click()
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByText('You are signed out.').waitFor()
      await other.getByText('You are signed out.').waitFor()
      await other.reload()
      await other.locator('[name=password]').waitFor()
    })
  })

  describe('lines', () => {
    test('the abnormal one comes first, and an alarm that is raised shows without a reload', async () => {
      await signIn('/lines')
      await page.locator('[data-line]').first().getByText('Press line 2').waitFor()
      raise(
        world,
        '00000000-0000-7000-8000-000000000002',
        alarm('LINE-C', 'PRESS-1', { id: 'new', priority: 'critical', raised_at: new Date().toISOString() }),
      )
      await page.locator('[data-line]').first().getByText('Assembly line').waitFor()
      await page.locator('[data-line]').first().getByRole('img', { name: 'Critical' }).first().waitFor()
    })

    test('a lost stream is said, and what was missed is there when it is back', async () => {
      await signIn('/lines')
      await page.getByText('Live', { exact: true }).waitFor()
      server.cutStreams(true)
      await page.getByText('No connection for').waitFor()
      const line = world.lines.find(({ code }) => code === 'LINE-A')
      if (line === undefined) throw new Error('the fixture has LINE-A')
      world.lines = world.lines.map((other) =>
        other === line
          ? { ...line, verdicts: line.verdicts.map((verdict) => ({ ...verdict, status: 'LOW', normal: false })) }
          : other,
      )
      server.cutStreams(false)
      await page.getByText('Live', { exact: true }).waitFor()
      await page.locator('[data-line="00000000-0000-7000-8000-000000000001/LINE-A"]').getByText('Low').first().waitFor()
    })

    test('the address of a line shows all of it', async () => {
      await signIn('/lines?line=00000000-0000-7000-8000-000000000001%2FLINE-B')
      await heading('Press line 2 (LINE-B)').waitFor()
      await page.locator('.pane').getByText('84.6 °C > 80 °C').first().waitFor()
      await page.keyboard.press('Escape')
      await heading('Press line 2 (LINE-B)').waitFor({ state: 'detached' })
    })
  })

  describe('judgments', () => {
    test('new ones are counted, move no row, and come when asked for', async () => {
      await signIn('/judgments')
      const first = page.locator('tr[data-row]').first()
      await first.waitFor()
      const before = await first.getAttribute('data-row')
      judge(world, judgment(9_001, { executed_at: new Date().toISOString(), received_at: new Date().toISOString() }))
      judge(world, judgment(9_002, { executed_at: new Date().toISOString(), received_at: new Date().toISOString() }))
      await page.getByRole('button', { name: '2 new' }).waitFor()
      expect(await first.getAttribute('data-row')).toBe(before)
      await page.keyboard.press('n')
      await page.locator(`tr[data-row="${judgment(9_002).execution_id}"]`).waitFor()
      await page.getByRole('button', { name: '2 new' }).waitFor({ state: 'detached' })
    })

    test('the keyboard opens one, moves on with it open, and closes it', async () => {
      await signIn('/judgments?abnormal=1')
      await page.locator('tr[data-row]').first().waitFor()
      await page.keyboard.press('j')
      await page.keyboard.press('Enter')
      await heading('Judgment').waitFor()
      const first = new URL(page.url()).searchParams.get('id')
      await page.keyboard.press('j')
      await page.waitForFunction((before) => new URL(location.href).searchParams.get('id') !== before, first)
      await page.keyboard.press('Escape')
      await heading('Judgment').waitFor({ state: 'detached' })
      expect(new URL(page.url()).search).toBe('?abnormal=1')
    })

    test('a link shows one that is on no page of the list, with why it could not be judged', async () => {
      const old = judgment(5, { executed_at: '2026-01-05T00:00:00.000Z', received_at: '2026-01-05T00:00:01.000Z' })
      world.judgments = [...world.judgments, old]
      await signIn(`/judgments?line=LINE-B&id=${old.execution_id}`)
      await page.locator('.pane').getByText('Not judged').waitFor()
      await page.locator('.pane').getByText('Too old').waitFor()
    })

    test('the next page is put behind the first', async () => {
      await signIn('/judgments?range=all')
      await page.locator('tr[data-row]').first().waitFor()
      await page.getByRole('button', { name: 'Load more' }).click()
      await page.waitForFunction(() => document.querySelectorAll('tr[data-row]').length === 200)
    })
  })

  describe('rules', () => {
    const limit = () => page.getByLabel('Upper limit', { exact: true })

    test('a limit is changed, tried, saved, deployed, and the edge reports it in force', async () => {
      await signIn('/rules?rule=press-temperature')
      await page.getByText('85.0 °C > 80.0 °C').waitFor()
      await limit().fill('81')
      // One example says that 79 after HIGH is still HIGH: from 81 on it is not, and such a rule cannot be saved.
      await page.getByText('1 example fails:').waitFor()
      await limit().fill('80.5')
      await page.getByText('3 pass').waitFor()
      await page.keyboard.press('Control+s')
      await page.getByText('Version 5 is saved.').waitFor()
      await page.getByRole('button', { name: 'Deploy', exact: true }).click()
      await page.getByRole('checkbox', { name: /gumi-paint/ }).uncheck()
      await page.getByRole('button', { name: 'Deploy to 2 edges' }).click()
      await page.locator('.deployments').getByText('Waiting for the edge').nth(1).waitFor()
      report(world, '00000000-0000-7000-8000-000000000001', 'press-temperature')
      await page
        .locator('.deployments')
        .getByText(/In force after \d+\.\d s/)
        .waitFor()
      report(world, '00000000-0000-7000-8000-000000000002', 'press-temperature', 'refused', 'example 2 gives NORMAL')
      await page.locator('.deployments').getByText('example 2 gives NORMAL').waitFor()
      expect(
        world.rules.find(({ definition }) => definition.id === 'press-temperature')?.definition.parameters['high']
          ?.value,
      ).toBe(80.5)
    })

    test('a mistake in the script is named by line and column, and leads there', async () => {
      await signIn('/rules?rule=press-temperature')
      await page.locator('.code-area').fill('let a = 1;\nif input.value > params.hihg { verdict("HIGH", 0.9) }')
      await page.getByText(/no parameter `hihg`/).waitFor()
      await page
        .getByRole('button', { name: /^Line 2, column/ })
        .first()
        .click()
      expect(
        await page
          .locator('.code-area')
          .evaluate(
            (area: HTMLTextAreaElement) =>
              area.value.slice(area.selectionStart).startsWith('hihg') ||
              area.value.slice(area.selectionStart).startsWith('.hihg'),
          ),
      ).toBe(true)
      expect(await page.locator('.code-line-wrong').innerText()).toContain('2')
    })

    test('a script that never ends freezes nothing', async () => {
      await signIn('/rules?rule=press-temperature')
      await page.locator('.code-area').fill('let a = 0; loop { a += 1; }')
      await page.locator('.try-answer .problem').waitFor()
      await limit().fill('80.5')
      expect(await limit().inputValue()).toBe('80.5')
    })

    test("a colleague's version is shown beside one's own, and one decides", async () => {
      await signIn('/rules?rule=press-temperature')
      await page.getByText('3 pass').waitFor()
      await limit().fill('80.5')
      const present = world.rules.find(({ definition }) => definition.id === 'press-temperature')
      if (present === undefined) throw new Error('the fixture has the rule')
      const { version, ...definition } = present.definition
      putRule(world, { ...definition, cool_down_s: 60 }, version, 'lee', Date.now())
      await page.getByRole('button', { name: /^Save/ }).click()
      await heading('Somebody else has changed this rule').waitFor()
      await page.locator('dialog').getByText('parameters.high.value').waitFor()
      await page.locator('dialog').getByText('cool_down_s').waitFor()
      await page.getByRole('button', { name: 'Save mine as version 6' }).click()
      await page.getByText('Version 6 is saved.').waitFor()
    })

    test('what is not saved is not lost by a link, by Back or by Ctrl-K', async () => {
      await signIn('/rules')
      await page.getByText('Press temperature').first().click()
      await limit().fill('80.5')
      await page.getByRole('link', { name: 'Fleet' }).click()
      await heading('Leave without saving?').waitFor()
      await page.getByRole('button', { name: 'Stay' }).click()
      await page.goBack()
      await heading('Leave without saving?').waitFor()
      await page.getByRole('button', { name: 'Stay' }).click()
      expect(await limit().inputValue()).toBe('80.5')
      await page.keyboard.press('Control+k')
      await page.keyboard.type('audit')
      await page.keyboard.press('Enter')
      await heading('Leave without saving?').waitFor()
      await page.getByRole('button', { name: 'Leave and discard' }).click()
      await heading('Audit').waitFor()
    })

    test('a new rule is written from the example and opens as saved', async () => {
      await signIn('/rules?new=1')
      await page.getByLabel('Identifier').fill('oven-temperature')
      await page.getByLabel('Name (Korean)').first().fill('오븐 온도')
      await page.getByLabel('Name (English)').first().fill('Oven temperature')
      await page.getByText('2 pass').waitFor()
      await page.getByRole('button', { name: /^Save/ }).click()
      await heading('Oven temperature').waitFor()
      expect(new URL(page.url()).searchParams.get('rule')).toBe('oven-temperature')
      await page.getByText('It runs nowhere yet.').waitFor()
    })

    test('a rule over a mean of five minutes and a control chart is written, tried and saved', async () => {
      await signIn('/rules?new=1')
      await page.getByLabel('Identifier').fill('oven-drift')
      await page.getByLabel('Name (Korean)').first().fill('오븐 추세')
      await page.getByLabel('Name (English)').first().fill('Oven drift')
      const inputs = page.getByRole('table', { name: 'Inputs' })
      const added = async (place: number, name: string, from: string) => {
        await page.getByRole('button', { name: 'Add an input' }).click()
        const row = inputs.getByRole('row').nth(place)
        await row.getByLabel('Input', { exact: true }).fill(name)
        await row.getByLabel('From').selectOption(from)
        return row
      }
      const window = await added(2, 'mean_5min', 'window')
      await window.getByLabel('Length of the window').fill('28801')
      await window.getByLabel('Late by up to (s)').fill('301')
      const chart = await added(3, 'chart', 'chart')
      await chart.getByLabel(/^Centre/).fill('high')
      await chart.getByLabel(/^Sigma/).fill('0.5')
      for (const row of [window, chart]) expect(await row.getByRole('cell').nth(3).innerText()).not.toBe('')
      // The bounds of windows are said where they are passed.
      await expect.poll(() => window.locator('.field-error').count()).toBe(2)
      expect(await page.getByRole('button', { name: /^Save/ }).getAttribute('aria-disabled')).toBe('true')
      await window.getByLabel('Length of the window').fill('300')
      await window.getByLabel('Late by up to (s)').fill('30')
      await window.getByLabel('Kind of window').selectOption('tumbling')
      await page
        .locator('.code-area')
        .fill(
          'if input.mean_5min > params.high || nelson(input.chart, 2) { verdict("HIGH", 0.95) } else { verdict("NORMAL", 0.95) }',
        )
      const examples = page.getByRole('table', { name: 'Examples' })
      for (const [index, mean, tests] of [
        [1, '85', '0'],
        [2, '60', '0'],
      ] as const) {
        const row = examples.getByRole('row').nth(index)
        await row.getByLabel('mean_5min').fill(mean)
        await row.getByLabel('chart').fill(tests)
      }
      await page.getByText('2 pass').waitFor()
      await page.getByRole('button', { name: /^Save/ }).click()
      await heading('Oven drift').waitFor()
      expect(world.rules.find(({ definition }) => definition.id === 'oven-drift')?.definition.inputs.slice(1)).toEqual([
        {
          name: 'mean_5min',
          from: 'window',
          window: { by: 'time', seconds: 300 },
          mode: 'tumbling',
          stat: 'mean',
          lateness_s: 30,
          max_age_s: 60,
          kind: 'number',
        },
        {
          name: 'chart',
          from: 'chart',
          centre: { parameter: 'high' },
          sigma: 0.5,
          tests: 'nelson',
          lateness_s: 10,
          max_age_s: 60,
          kind: 'integer',
        },
      ])
    })

    test('who may only look sees why the buttons do nothing', async () => {
      await signIn('/rules?rule=press-temperature', 'viewer')
      const save = page.getByRole('button', { name: /^Save/ })
      await save.click({ force: true })
      expect(await save.getAttribute('aria-disabled')).toBe('true')
      await page.getByText('Your role may not do this. A manager can.').first().waitFor()
      expect(world.requests.some((request) => request.startsWith('PUT'))).toBe(false)
    })
  })

  describe('fleet', () => {
    test('the token of a new edge is shown once, with the command', async () => {
      await signIn('/fleet')
      await page.getByRole('button', { name: 'Enrol an edge' }).click()
      await page.getByLabel('Site code').fill('pohang')
      await page.getByRole('button', { name: 'Make the token' }).click()
      const token = await page.locator('.secret code').innerText()
      expect(token).toMatch(/^jde_/)
      expect(await page.locator('.secret pre').innerText()).toContain(`JIDOKA_ENROLMENT_TOKEN='${token}'`)
      await page.getByRole('button', { name: 'Close' }).click()
      expect(await page.content()).not.toContain(token)
    })

    test('desired and reported stand side by side, and a rule is taken back', async () => {
      await signIn('/fleet?edge=00000000-0000-7000-8000-000000000003')
      const row = page.locator('.pane tr', { hasText: 'Press temperature' })
      await row.getByText('v4').waitFor()
      await row.getByText('v3').waitFor()
      await row.getByText('Waiting for the edge').waitFor()
      await row.getByRole('button', { name: 'Take back' }).click()
      await page.locator('dialog').getByRole('button', { name: 'Take back' }).click()
      await row.waitFor({ state: 'detached' })
    })
  })

  describe('everywhere', () => {
    test('Ctrl-K finds a line by its initial consonants', async () => {
      await signIn('/fleet')
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').fill('oven')
      await page.getByText('Nothing is called “oven”.').waitFor()
      await page.getByRole('combobox').fill('ㅈㄹ')
      await page.getByRole('option', { name: /Assembly line/ }).waitFor()
      await page.keyboard.press('Enter')
      await heading('Assembly line (LINE-C)').waitFor()
    })

    test('the question mark lists the keys, and g leads to a page with the Korean layout too', async () => {
      await signIn('/lines')
      await page.keyboard.press('?')
      await heading('Keyboard').waitFor()
      await page.keyboard.press('Escape')
      await heading('Keyboard').waitFor({ state: 'detached' })
      await page.evaluate(() => {
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ㅎ', code: 'KeyG', bubbles: true }))
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ㄹ', code: 'KeyF', bubbles: true }))
      })
      await heading('Fleet').waitFor()
    })

    test('a part that fails says what to do and comes back', async () => {
      await signIn('/fleet')
      world.failing.add('/api/v1/fleet/lines')
      await page.getByRole('link', { name: /^Lines/ }).click()
      await page.getByRole('alert').getByText('the database does not answer').waitFor()
      world.failing.clear()
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.locator('[data-line]').first().waitFor()
    })

    test('Korean and English, dark and light are changed in place', async () => {
      await signIn('/lines')
      await page.getByRole('button', { name: '김현장' }).click()
      await page.getByRole('radio', { name: '한국어' }).check()
      await page.getByRole('radio', { name: '어둡게' }).check()
      await page.keyboard.press('Escape')
      await heading('라인').waitFor()
      expect(
        await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset['theme']]),
      ).toEqual(['ko', 'dark'])
    })
  })

  test('every page of an empty cloud says what will be there and how to get it', async () => {
    await context.close()
    await server.close()
    await open(emptyWorld(Date.now()))
    await signIn('/lines')
    for (const [name, title] of [
      ['Lines', 'No line has been heard of yet'],
      ['Fleet', 'No edge has been enrolled yet'],
      ['Judgments', 'No judgment in the last 24 hours'],
      ['Rules', 'No rule has been written yet'],
      ['Audit', 'Nothing has been done yet'],
    ] as const) {
      await page.getByRole('link', { name, exact: true }).click()
      await heading(title).waitFor()
    }
  })
})
