import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { alarm, judgment } from './fixture-data.ts'
import { emptyWorld, judge, passwordOfAll, raise } from './fixture-world.ts'
import { sayWhySkipped, Stage } from './stage.ts'

/** Of those that stand within a label the label counts. */
const controlsBelow44 = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('button, .button, select, input:not([hidden])')]
      .map(
        (each) =>
          [each.textContent || each.className, (each.closest('label') ?? each).getBoundingClientRect()] as const,
      )
      .filter(([, { height }]) => height > 0 && height < 44)
      .map(([name, { height }]) => `${name}: ${height}`),
  )

/** See `Stage`: the real console in a real browser. What is waited for is always something that is seen. */
describe.skipIf(sayWhySkipped('the console in a browser'))('the console', () => {
  const at = Stage.set()

  describe('signing in', () => {
    test('a wrong password says what to do, a right one shows the page that was asked for', async () => {
      await at.page.goto(`${at.server.url}/judgments?abnormal=1`)
      await at.page.fill('[name=login]', 'admin')
      await at.page.fill('[name=password]', 'wrong')
      await at.page.keyboard.press('Enter')
      await at.page.getByRole('alert').getByText('Login or password is wrong').waitFor()
      await at.page.fill('[name=password]', passwordOfAll)
      await at.page.keyboard.press('Enter')
      await at.heading('Judgments').waitFor()
      expect(new URL(at.page.url()).search).toBe('?abnormal=1')
    })

    test('loading the page again needs no password, and no script can read the token', async () => {
      await at.signIn('/lines')
      await at.page.reload()
      await at.heading('Lines').waitFor()
      const kept = await at.page.evaluate(() =>
        JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]),
      )
      expect(kept).not.toMatch(/e30\.|refresh/)
    })

    test('an access token that has run out is changed once for all calls', async () => {
      await at.signIn('/lines')
      await at.page.locator('[data-line]').first().waitFor()
      const refreshes = () => at.world.requests.filter((request) => request === 'POST /api/v1/auth/refresh').length
      const before = refreshes()
      at.world.tokensFromMs = Date.now()
      // This page asks for its rows and for the lines at the same time.
      await at.page.getByRole('link', { name: 'Judgments' }).click()
      await at.page.locator('tr[data-row]').first().waitFor()
      await at.page.getByRole('option', { name: /LINE-C/ }).waitFor({ state: 'attached' })
      expect(refreshes() - before).toBe(1)
    })

    test('signing out in one tab signs the other out too', async () => {
      await at.signIn('/lines')
      const other = await at.context.newPage()
      await other.goto(`${at.server.url}/fleet`)
      await other.locator('.shell-header').waitFor()
      await at.page.getByRole('button', { name: '김현장' }).click()
      await at.page.getByRole('button', { name: 'Sign out', exact: true }).click()
      await at.page.getByText('You are signed out.').waitFor()
      await other.getByText('You are signed out.').waitFor()
      await other.reload()
      await other.locator('[name=password]').waitFor()
    })
  })

  describe('lines', () => {
    test('the abnormal one comes first, and an alarm that is raised shows without a reload', async () => {
      await at.signIn('/lines')
      await at.page.locator('[data-line]').first().getByText('Press line 2').waitFor()
      raise(
        at.world,
        '00000000-0000-7000-8000-000000000002',
        alarm('LINE-C', 'PRESS-1', { id: 'new', priority: 'critical', raised_at: new Date().toISOString() }),
      )
      await at.page.locator('[data-line]').first().getByText('Assembly line').waitFor()
      await at.page.locator('[data-line]').first().getByRole('img', { name: 'Critical' }).first().waitFor()
    })

    test('a lost stream is said, and what was missed is there when it is back', async () => {
      await at.signIn('/lines')
      await at.page.getByText('Live', { exact: true }).waitFor()
      at.server.cutStreams(true)
      await at.page.getByText('No connection for').waitFor()
      const line = at.world.lines.find(({ code }) => code === 'LINE-A')
      if (line === undefined) throw new Error('the fixture has LINE-A')
      at.world.lines = at.world.lines.map((other) =>
        other === line
          ? { ...line, verdicts: line.verdicts.map((verdict) => ({ ...verdict, status: 'LOW', normal: false })) }
          : other,
      )
      at.server.cutStreams(false)
      await at.page.getByText('Live', { exact: true }).waitFor()
      await at.page
        .locator('[data-line="00000000-0000-7000-8000-000000000001/LINE-A"]')
        .getByText('Low')
        .first()
        .waitFor()
    })

    test('the address of a line shows all of it', async () => {
      await at.signIn('/lines?line=00000000-0000-7000-8000-000000000001%2FLINE-B')
      await at.heading('Press line 2 (LINE-B)').waitFor()
      await at.page.locator('.pane').getByText('84.6 °C > 80 °C').first().waitFor()
      await at.page.keyboard.press('Escape')
      await at.heading('Press line 2 (LINE-B)').waitFor({ state: 'detached' })
    })
  })

  describe('judgments', () => {
    test('new ones are counted, move no row, and come when asked for', async () => {
      await at.signIn('/judgments')
      const first = at.page.locator('tr[data-row]').first()
      await first.waitFor()
      const before = await first.getAttribute('data-row')
      judge(at.world, judgment(9_001, { executed_at: new Date().toISOString(), received_at: new Date().toISOString() }))
      judge(at.world, judgment(9_002, { executed_at: new Date().toISOString(), received_at: new Date().toISOString() }))
      await at.page.getByRole('button', { name: '2 new' }).waitFor()
      expect(await first.getAttribute('data-row')).toBe(before)
      await at.page.keyboard.press('n')
      await at.page.locator(`tr[data-row="${judgment(9_002).execution_id}"]`).waitFor()
      await at.page.getByRole('button', { name: '2 new' }).waitFor({ state: 'detached' })
    })

    test('the keyboard opens one, moves on with it open, and closes it', async () => {
      await at.signIn('/judgments?abnormal=1')
      await at.page.locator('tr[data-row]').first().waitFor()
      await at.page.keyboard.press('j')
      await at.page.keyboard.press('Enter')
      await at.heading('Judgment').waitFor()
      const first = new URL(at.page.url()).searchParams.get('id')
      await at.page.keyboard.press('j')
      await at.page.waitForFunction((before) => new URL(location.href).searchParams.get('id') !== before, first)
      await at.page.keyboard.press('Escape')
      await at.heading('Judgment').waitFor({ state: 'detached' })
      expect(new URL(at.page.url()).search).toBe('?abnormal=1')
    })

    test('a link shows one that is on no page of the list, with why it could not be judged', async () => {
      const old = judgment(5, { executed_at: '2026-01-05T00:00:00.000Z', received_at: '2026-01-05T00:00:01.000Z' })
      at.world.judgments = [...at.world.judgments, old]
      await at.signIn(`/judgments?line=LINE-B&id=${old.execution_id}`)
      await at.page.locator('.pane').getByText('Not judged').waitFor()
      await at.page.locator('.pane').getByText('Too old').waitFor()
    })

    test('the next page is put behind the first', async () => {
      await at.signIn('/judgments?range=all')
      await at.page.locator('tr[data-row]').first().waitFor()
      await at.page.getByRole('button', { name: 'Load more' }).click()
      await at.page.waitForFunction(() => document.querySelectorAll('tr[data-row]').length === 200)
    })
  })

  describe('fleet', () => {
    test('the token of a new edge is shown once, with the command', async () => {
      await at.signIn('/fleet')
      await at.page.getByRole('button', { name: 'Enrol an edge' }).click()
      await at.page.getByLabel('Site code').fill('pohang')
      await at.page.getByRole('button', { name: 'Make the token' }).click()
      const token = await at.page.locator('.secret code').innerText()
      expect(token).toMatch(/^jde_/)
      expect(await at.page.locator('.secret pre').innerText()).toContain(`JIDOKA_ENROLMENT_TOKEN='${token}'`)
      await at.page.getByRole('button', { name: 'Close' }).click()
      expect(await at.page.content()).not.toContain(token)
    })

    test('desired and reported stand side by side, and a rule is taken back', async () => {
      await at.signIn('/fleet?edge=00000000-0000-7000-8000-000000000003')
      const row = at.page.locator('.pane tr', { hasText: 'Press temperature' })
      await row.getByText('v4').waitFor()
      await row.getByText('v3').waitFor()
      await row.getByText('Waiting for the edge').waitFor()
      await row.getByRole('button', { name: 'Take back' }).click()
      await at.page.locator('dialog').getByRole('button', { name: 'Take back' }).click()
      await row.waitFor({ state: 'detached' })
    })
  })

  describe('everywhere', () => {
    test('Ctrl-K finds a line by its initial consonants', async () => {
      await at.signIn('/fleet')
      await at.page.keyboard.press('Control+k')
      await at.page.getByRole('combobox').fill('oven')
      await at.page.getByText('Nothing is called “oven”.').waitFor()
      await at.page.getByRole('combobox').fill('ㅈㄹ')
      await at.page.getByRole('option', { name: /Assembly line/ }).waitFor()
      await at.page.keyboard.press('Enter')
      await at.heading('Assembly line (LINE-C)').waitFor()
    })

    test('the question mark lists the keys, and g leads to a page with the Korean layout too', async () => {
      await at.signIn('/lines')
      await at.page.keyboard.press('?')
      await at.heading('Keyboard').waitFor()
      await at.page.keyboard.press('Escape')
      await at.heading('Keyboard').waitFor({ state: 'detached' })
      await at.page.evaluate(() => {
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ㅎ', code: 'KeyG', bubbles: true }))
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ㄹ', code: 'KeyF', bubbles: true }))
      })
      await at.heading('Fleet').waitFor()
    })

    test('a part that fails says what to do and comes back', async () => {
      await at.signIn('/fleet')
      at.world.failing.add('/api/v1/fleet/lines')
      await at.page.getByRole('link', { name: /^Lines/ }).click()
      await at.page.getByRole('alert').getByText('The database does not answer.').waitFor()
      at.world.failing.clear()
      await at.page.getByRole('button', { name: 'Try again' }).click()
      await at.page.locator('[data-line]').first().waitFor()
    })

    test('Korean and English, dark and light are changed in place', async () => {
      await at.signIn('/lines')
      await at.page.getByRole('button', { name: '김현장' }).click()
      await at.page.getByRole('radio', { name: '한국어' }).check()
      await at.page.getByRole('radio', { name: '어둡게' }).check()
      await at.page.keyboard.press('Escape')
      await at.heading('라인').waitFor()
      expect(
        await at.page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset['theme']]),
      ).toEqual(['ko', 'dark'])
    })
  })

  test('on a telephone no page is wider than the screen, buttons and fields are 44 px high, and every place can be gone to', async () => {
    await at.page.setViewportSize({ width: 360, height: 740 })
    const session = await at.context.newCDPSession(at.page)
    await session.send('Emulation.setTouchEmulationEnabled', { enabled: true })
    await at.signIn('/lines')
    for (const path of [
      '/lines',
      '/fleet',
      '/judgments',
      '/rules',
      '/audit',
      '/secrets',
      '/events',
      '/jobs',
      '/archives',
      '/storage',
    ]) {
      await at.page.goto(at.server.url + path)
      await at.page.locator('h1').waitFor()
      // Rows have buttons of their own.
      await at.page.locator('.skeleton').first().waitFor({ state: 'detached' })
      expect([path, await at.page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([path, 360])
      expect([path, ...(await controlsBelow44(at.page))]).toEqual([path])
    }
    await at.page.getByRole('link', { name: 'Rules' }).click()
    await at.heading('Rules').waitFor()
  })

  test('every page of an empty cloud says what will be there and how to get it', async () => {
    await at.context.close()
    await at.server.close()
    await at.open(emptyWorld(Date.now()))
    await at.signIn('/lines')
    for (const [name, title] of [
      ['Lines', 'No line has been heard of yet'],
      ['Fleet', 'No edge has been enrolled yet'],
      ['Judgments', 'No judgment in the last 24 hours'],
      ['Rules', 'No rule has been written yet'],
      ['Administration', 'Nothing has been done yet'],
    ] as const) {
      await at.page.getByRole('link', { name, exact: true }).click()
      await at.heading(title).waitFor()
    }
  })
})
