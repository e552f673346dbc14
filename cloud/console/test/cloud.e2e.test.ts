import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noBrowser, openBrowser } from './browser.ts'
import { buildConsole, type BuiltConsole } from './built-console.ts'
import { passwordOfAll } from './fixture-world.ts'

/**
 * The console served by the real cloud, on an empty database: what the fixture cannot prove, which is that the two agree on
 * cookies, headers, the content security policy and every answer on the way.
 */
const cloudMain = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url))
const missing = noBrowser ?? (existsSync(cloudMain) ? undefined : 'the cloud server is not in this checkout')

if (missing !== undefined) console.warn(`skipped: the console on the real cloud (${missing})`)

describe.skipIf(missing !== undefined)('the console on the real cloud', () => {
  let cloud: ChildProcess
  let data: string
  let url: string
  let built: BuiltConsole
  let browser: Browser
  let page: Page
  const mistakes: string[] = []
  const heading = (name: string) => page.getByRole('heading', { name, exact: true })

  beforeAll(async () => {
    built = await buildConsole()
    data = await mkdtemp(join(tmpdir(), 'jidoka-console-'))
    cloud = spawn(process.execPath, [cloudMain], {
      env: {
        ...process.env,
        JIDOKA_CLOUD_DATA: data,
        JIDOKA_CLOUD_HTTP_PORT: '0',
        JIDOKA_CLOUD_ADMIN_PASSWORD: passwordOfAll,
        JIDOKA_CLOUD_CONSOLE: built.folder,
        JIDOKA_CLOUD_LOG_LEVEL: 'error',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    if (cloud.stdout === null) throw new Error('the cloud has no output')
    const [line] = (await once(createInterface(cloud.stdout), 'line')) as [string]
    url = (JSON.parse(line) as { http: string }).http
    browser = await openBrowser()
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })
    await context.addInitScript(() =>
      localStorage.setItem('jidoka.preferences', JSON.stringify({ locale: 'en', theme: 'system' })),
    )
    page = await context.newPage()
    page.setDefaultTimeout(30_000)
    page.on('pageerror', (error) => mistakes.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
        mistakes.push(message.text())
    })
  })
  afterAll(async () => {
    await browser?.close()
    await built?.remove()
    if (cloud?.exitCode === null) {
      cloud.kill('SIGTERM')
      await once(cloud, 'exit')
    }
    await rm(data, { recursive: true, force: true })
  })

  test('signs in, and loading the page again asks for no password', async () => {
    await page.goto(url)
    await page.fill('[name=login]', 'admin')
    await page.fill('[name=password]', passwordOfAll)
    await page.keyboard.press('Enter')
    await heading('No line has been heard of yet').waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    await page.reload()
    await heading('No line has been heard of yet').waitFor()
  })

  test('a rule is tried under the own security policy of the cloud, saved, changed and saved again', async () => {
    await page.getByRole('link', { name: 'Rules' }).click()
    await page.getByRole('button', { name: 'New rule' }).click()
    await page.getByLabel('Identifier').fill('oven-temperature')
    await page.getByLabel('Name (Korean)').first().fill('오븐 온도')
    await page.getByLabel('Name (English)').first().fill('Oven temperature')
    await page.getByText('2 pass').waitFor()
    await page.getByRole('button', { name: /^Save/ }).click()
    await heading('Oven temperature').waitFor()
    await page.getByText('Version 1 by').waitFor()
    const hash = () => page.locator('.page-head .digest code').getAttribute('title')
    const first = await hash()
    expect(first).toMatch(/^[0-9a-f]{64}$/)
    await page.getByLabel('Upper limit', { exact: true }).fill('85.5')
    await page.getByText('2 pass').waitFor()
    await page.keyboard.press('Control+s')
    await page.getByText('Version 2 by').waitFor()
    // The name is of all that the rule judges by: another limit is another rule.
    expect(await hash()).not.toBe(first)
  })

  test('a version that another program saved meanwhile is shown beside the own one', async () => {
    await page.getByLabel('Upper limit', { exact: true }).fill('86')
    await page.getByText('2 pass').waitFor()
    const status = await page.evaluate(async (password) => {
      const post = (path: string, method: string, body: unknown, token = '') =>
        fetch(path, {
          method,
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: JSON.stringify(body),
        })
      const session = (await (await post('/api/v1/auth/login', 'POST', { login: 'admin', password })).json()) as {
        data: { access_token: string }
      }
      const token = session.data.access_token
      const answer = await fetch('/api/v1/rules/oven-temperature', { headers: { authorization: `Bearer ${token}` } })
      const rule = (await answer.json()) as { data: { definition: Record<string, unknown> } }
      const { version, ...definition } = rule.data.definition
      return (
        await post(
          '/api/v1/rules/oven-temperature',
          'PUT',
          { definition: { ...definition, cool_down_s: 60 }, based_on_version: version },
          token,
        )
      ).status
    }, passwordOfAll)
    expect(status).toBeLessThan(300)
    await page.keyboard.press('Control+s')
    await heading('Somebody else has changed this rule').waitFor()
    await page.locator('dialog').getByText('cool_down_s').waitFor()
    await page.getByRole('button', { name: 'Save mine as version 4' }).click()
    await page.getByText('Version 4 by').waitFor()
  })

  test('a token for a new site is made, and the site is there', async () => {
    await page.getByRole('link', { name: 'Fleet' }).click()
    await heading('No edge has been enrolled yet').waitFor()
    await page.getByRole('button', { name: 'Enrol an edge' }).click()
    await page.getByLabel('Site code').fill('pohang')
    await page.getByRole('button', { name: 'Make the token' }).click()
    expect((await page.locator('.secret code').innerText()).length).toBeGreaterThan(20)
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'Sites' }).click()
    await page.getByRole('cell', { name: 'pohang', exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
  })

  test('the filters of the judgments are taken, and the audit has what was done', async () => {
    await page.goto(`${url}/judgments?line=LINE-A&rule=oven-temperature&status=HIGH&abnormal=1&range=7d`)
    await heading('Nothing fits these filters').waitFor()
    await page.getByRole('link', { name: 'Administration' }).click()
    await page.getByRole('cell', { name: 'oven-temperature' }).first().waitFor()
    await page.getByLabel('What').fill('session')
    await page.keyboard.press('Enter')
    await page.waitForURL(/action=session/)
    await page.getByRole('cell', { name: 'oven-temperature' }).first().waitFor({ state: 'detached' })
    await page.getByRole('cell', { name: 'session.begin' }).first().waitFor()
    const saving = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export the whole log' }).click()
    expect((await saving).suggestedFilename()).toBe('audit-demo.jsonl')
  })

  test('I8: a secret is set, set anew and removed, and its value is never on the page again', async () => {
    await page.getByRole('link', { name: 'Secrets' }).click()
    await heading('No secret is set').waitFor()
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Set a secret' }).click()
    await dialog.getByRole('button', { name: 'Seal and save' }).click()
    await dialog.getByText('A value has 1 to 16,000 letters.').waitFor()
    await dialog.getByLabel('Name').fill('mes-password')
    await dialog.getByLabel('For').fill('mes')
    await dialog.getByLabel('Value').fill('never on the page')
    await dialog.getByRole('button', { name: 'Seal and save' }).click()
    await page.getByRole('cell', { name: 'mes-password' }).waitFor()
    await page.getByRole('button', { name: 'Set anew' }).click()
    expect(await page.content()).not.toContain('never on the page')
    expect(await dialog.getByLabel('Value').inputValue()).toBe('')
    await dialog.getByLabel('Value').fill('another')
    await dialog.getByRole('button', { name: 'Seal and save' }).click()
    await page.getByRole('cell', { name: '2', exact: true }).waitFor()
    await page.getByText('Everything is sealed by the active master key.').waitFor()
    await page.getByRole('button', { name: 'Remove' }).click()
    await dialog.getByRole('button', { name: 'Remove' }).click()
    await heading('No secret is set').waitFor()
  })

  test('the one tenant and its database are there, and why it cannot be moved', async () => {
    await page.getByRole('link', { name: 'Tenants' }).click()
    await heading('This cloud has one database').waitFor()
    const row = page.getByRole('table', { name: 'Databases', exact: true }).locator('tbody tr')
    expect(await row.innerText()).toMatch(/main\s+main, shared\s+1\s+\d/)
    const move = page.getByRole('button', { name: 'Move, demo', exact: true })
    expect(await move.getAttribute('aria-disabled')).toBe('true')
  })

  test('a document is stored, comes back byte for byte, and is gone when it is removed', async () => {
    const name = '작업 표준서 (1).txt'
    // Larger than what is sealed in one piece.
    const bytes = Buffer.from(randomBytes(1_500_000).toString('hex'))
    const digestOf = (of: Buffer) => createHash('sha256').update(of).digest('hex')
    await page.getByRole('link', { name: 'Storage' }).click()
    await heading('No file is stored yet').waitFor()
    await page.locator('input[type=file]').setInputFiles({ name, mimeType: 'text/plain', buffer: bytes })
    await page.getByText(`${name} is stored.`).waitFor()
    await page.getByRole('cell', { name, exact: true }).waitFor()
    await page.getByText(/^3\.0 MB of .+, 1 of .+ files$/).waitFor()
    const saving = page.waitForEvent('download')
    await page.getByRole('button', { name: `Download, ${name}`, exact: true }).click()
    const saved = await saving
    expect(digestOf(await readFile(await saved.path()))).toBe(digestOf(bytes))
    const again = await fetch(saved.url())
    // What a browser makes of it in its folder hangs on the language of its machine.
    const [, given = ''] =
      /^attachment; filename\*=UTF-8''(.+)$/.exec(again.headers.get('content-disposition') ?? '') ?? []
    expect(decodeURIComponent(given)).toBe(name)
    expect(digestOf(Buffer.from(await again.arrayBuffer()))).toBe(digestOf(bytes))
    await page.getByRole('button', { name: `Remove, ${name}`, exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
    await heading('No file is stored yet').waitFor()
    await page.getByText(/^0 B of .+, 0 of .+ files$/).waitFor()
    expect((await fetch(saved.url())).status).toBe(404)
  })

  test('the own password is changed, and the page goes on with what that brings', async () => {
    await page.locator('.shell-aside button').last().click()
    await page.getByRole('button', { name: 'Change the password' }).click()
    await page.getByLabel('Present password').fill('not the password')
    await page.getByLabel('New password', { exact: true }).fill('another horse battery')
    await page.getByLabel('New password again').fill('another horse battery')
    await page.keyboard.press('Enter')
    await page.getByText(/password is wrong/i).waitFor()
    await page.getByLabel('Present password').fill(passwordOfAll)
    await page.keyboard.press('Enter')
    await page.getByText('The password is changed.').waitFor()
    // The page is loaded anew: by the cookie that came with the new password.
    await page.goto(`${url}/audit`)
    await page.getByRole('cell', { name: 'password.change' }).first().waitFor()
  })

  test('signing out ends the cookie', async () => {
    await page.locator('.shell-aside button').last().click()
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByText('You are signed out.').waitFor()
    await page.reload()
    await page.locator('[name=password]').waitFor()
  })

  test('nothing was refused by the content security policy and nothing was thrown', () => {
    expect(mistakes).toEqual([])
  })
})
