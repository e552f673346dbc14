import { spawn } from 'node:child_process'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { openBrowser } from './browser.ts'
import { buildConsole } from './built-console.ts'
import { join } from 'node:path'
const root = '/work/main'
const pw = 'correct horse battery'
const dir = await mkdtemp('/tmp/uis-plant-')
console.log(dir)
const built = await buildConsole()
const web = join(dir, 'web')
await promisify(execFile)(process.execPath, [join(root, 'edge/web/node_modules/vite/bin/vite.js'), 'build', '--outDir', web, '--logLevel', 'warn'], { cwd: join(root, 'edge/web'), env: { ...process.env, NODE_ENV: 'production' } })
const start = async (main: string, env: Record<string, string>) => {
  const child = spawn(process.execPath, [join(root, main)], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout!)
  const [line] = (await once(lines, 'line')) as [string]
  console.log(main, line)
  return { child, said: JSON.parse(line) as Record<string, string> }
}
const children: { child: ReturnType<typeof spawn> }[] = []
try {
  const cloud = await start('cloud/server/src/main.ts', { JIDOKA_CLOUD_DATA: join(dir, 'cloud'), JIDOKA_CLOUD_HTTP_PORT: '0', JIDOKA_CLOUD_ADMIN_PASSWORD: pw, JIDOKA_CLOUD_CONSOLE: built.folder, JIDOKA_CLOUD_LOG_LEVEL: 'error' })
  children.push(cloud)
  const cloudUrl = cloud.said['http']!
  const post = async (path: string, body: unknown, token = '') => (await (await fetch(cloudUrl + path, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` }, body: JSON.stringify(body) })).json()) as any
  const session = await post('/api/v1/auth/login', { login: 'admin', password: pw })
  const token = session.data.access_token
  const enrol = await post('/api/v1/fleet/enrolments', { site_code: 'ulsan', valid_min: 60 }, token)
  const edge = await start('edge/server/src/main.ts', { JIDOKA_DATA: join(dir, 'edge'), JIDOKA_TENANT: session.data.tenant_id, JIDOKA_EDGE_NAME: 'ulsan-press', JIDOKA_SITE: 'Ulsan plant', JIDOKA_TIME_ZONE: 'Asia/Seoul', JIDOKA_HTTP_PORT: '0', JIDOKA_MQTT_PORT: '0', JIDOKA_CLOUD_URL: cloudUrl, JIDOKA_ENROLMENT_TOKEN: enrol.data.token, JIDOKA_ADMIN_PASSWORD: pw, JIDOKA_WEB: web, JIDOKA_LOG_LEVEL: 'warn' })
  children.push(edge)
  const edgeUrl = edge.said['http']!
  const browser = await openBrowser()
  const problems: string[] = []
  const open = async (width: number, height: number) => {
    const context = await browser.newContext({ viewport: { width, height } })
    await context.addInitScript(() => localStorage.setItem('jidoka.preferences', JSON.stringify({ locale: 'en', theme: 'system' })))
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    page.on('pageerror', (e) => problems.push(e.message))
    page.on('console', (m) => m.type() === 'error' && problems.push(m.text() + ' ' + m.location().url))
    return page
  }
  const sign = async (page: Awaited<ReturnType<typeof open>>, url: string) => {
    await page.goto(url); await page.fill('[name=login]', 'admin'); await page.fill('[name=password]', pw); await page.keyboard.press('Enter'); await page.locator('.shell-header').waitFor()
  }
  const step = async (name: string, work: () => Promise<unknown>) => { try { const out = await work(); console.log('ok', name, out ?? '') } catch (e) { console.log('FAILED', name, String(e).slice(0, 400)) } }
  const page = await open(1280, 900)
  await sign(page, edgeUrl + '/sync')
  await page.waitForTimeout(4000)
  await page.screenshot({ path: '/tmp/uis_shots/real-edge.png', fullPage: true })

  cloud.child.kill('SIGTERM'); await once(cloud.child, 'exit')
  await page.waitForTimeout(14_000)
  await page.screenshot({ path: '/tmp/uis_shots/real-offline.png' })
  const again = await start('cloud/server/src/main.ts', { JIDOKA_CLOUD_DATA: join(dir, 'cloud'), JIDOKA_CLOUD_HTTP_PORT: new URL(cloudUrl).port, JIDOKA_CLOUD_ADMIN_PASSWORD: pw, JIDOKA_CLOUD_CONSOLE: built.folder, JIDOKA_CLOUD_LOG_LEVEL: 'error' })
  children.push(again)
  await page.getByRole('button', { name: 'Try now' }).click()
  await page.waitForTimeout(9_000)
  await page.reload(); await page.waitForTimeout(2_500)
  await page.evaluate(() => localStorage.setItem('jidoka.preferences', JSON.stringify({ locale: 'en', theme: 'dark' })))
  await page.setViewportSize({ width: 1024, height: 600 })
  await page.screenshot({ path: '/tmp/uis_shots/real-back.png', fullPage: true })
  console.log(JSON.stringify(await page.evaluate(async () => (await (await fetch('/api/v1/sync/outages')).json()).data)))
  const desk = await open(1024, 600)
  await sign(desk, cloudUrl + '/fleet')
  await desk.locator('tr[data-row]').first().click()
  await step('line', async () => { await desk.getByRole('radio', { name: 'Line' }).check(); await desk.getByText('Outages of its line').waitFor() })
  await desk.waitForTimeout(1500)
  await desk.screenshot({ path: '/tmp/uis_shots/real-desk-line.png', fullPage: true })
  console.log('problems', problems)
  await browser.close()
} finally {
  for (const { child } of children) child.kill('SIGTERM')
  await built.remove()
}
