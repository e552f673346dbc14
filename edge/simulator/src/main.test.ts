import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { desiredItemSchema } from '@jidoka/domain'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { TestBroker } from './testing/broker.ts'
import { until } from './testing/until.ts'
import { loadDeviceSecrets } from './devices/credentials.ts'

/** Starts databases or programs, which takes seconds each, and many times that on a machine that is busy with other tests. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

/** The real program as a process of its own, as its supervisor starts it. */
const main = fileURLToPath(new URL('main.ts', import.meta.url))
const readySchema = z.object({ ready: z.literal(true), page: z.url(), mes: z.url(), line: z.url().nullable() })

function start(
  args: string[],
  environment: Record<string, string> = {},
): ChildProcess & { text: { out: string; err: string } } {
  const child = spawn(process.execPath, [main, ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      ...environment,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const text = { out: '', err: '' }
  child.stdout?.on('data', (data: Buffer) => (text.out += data.toString()))
  child.stderr?.on('data', (data: Buffer) => (text.err += data.toString()))
  return Object.assign(child, { text })
}

async function run(
  args: string[],
  environment: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const child = start(args, environment)
  const [code] = (await once(child, 'close')) as [number]
  return { code, ...child.text }
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-simulator-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the running plant', () => {
  let broker: TestBroker
  const cloud = createHttpServer((_, response) => response.end('the cloud'))
  let child: ReturnType<typeof start>
  let ready: z.output<typeof readySchema>

  beforeAll(async () => {
    const files = ['--edge-file', join(folder, 'edge.json'), '--simulator-file', join(folder, 'devices.json')]
    await run(['devices', ...files])
    broker = new TestBroker(loadDeviceSecrets(join(folder, 'devices.json')))
    await broker.start()
    cloud.listen(0, '127.0.0.1')
    await once(cloud, 'listening')
    child = start([], {
      JIDOKA_SIMULATOR_MQTT_URL: broker.url,
      JIDOKA_SIMULATOR_DEVICES_FILE: join(folder, 'devices.json'),
      JIDOKA_SIMULATOR_DATA_FOLDER: join(folder, 'data'),
      JIDOKA_SIMULATOR_HTTP_PORT: '0',
      JIDOKA_SIMULATOR_MES_PORT: '0',
      JIDOKA_SIMULATOR_LINE_TARGET: `127.0.0.1:${(cloud.address() as AddressInfo).port}`,
      JIDOKA_SIMULATOR_SPEED: '20',
    })
    if (child.stdout === null) throw new TypeError('the process has no stdout')
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    ready = readySchema.parse(JSON.parse(line))
  })
  afterAll(async () => {
    if (child.exitCode === null) child.kill('SIGKILL')
    await broker.stop()
    cloud.closeAllConnections()
    cloud.close()
  })

  const cli = (...args: string[]) => run([...args, '--url', ready.page])

  test('publishes all its tags and fills its MES', async () => {
    await until('every tag was there', () => new Set(broker.published.map((each) => each.topic)).size === 66)
    const client = new pg.Client({ connectionString: ready.mes })
    await client.connect()
    await until('every line has produced', async () => {
      const { rows } = await client.query(
        'SELECT DISTINCT line_code FROM mes.production_counts WHERE production_count > 0',
      )
      return rows.length === 4
    })
    await client.end()
  })

  test('its faults are steered by the CLI', async () => {
    expect(await cli('faults')).toMatchObject({ code: 0, out: expect.stringContaining('No fault runs.') })
    const overTheLine = async () => (await fetch(ready.line ?? '')).text()
    expect(await overTheLine()).toBe('the cloud')
    const begun = await cli('fault', 'line_cut', '--duration-s', '600')
    expect(begun).toMatchObject({ code: 0, out: expect.stringMatching(/^[0-9a-f-]{36} {2}line_cut {2}line {2}until /) })
    await expect(overTheLine()).rejects.toThrow('fetch failed')
    expect(JSON.parse((await cli('state')).out)).toMatchObject({
      line_to_cloud: 'cut',
      mes: 'up',
      faults: [{ kind: 'line_cut' }],
    })
    expect((await cli('clear', begun.out.split(' ')[0] ?? '')).out).toBe('Taken back.\n')
    expect(JSON.parse((await cli('state')).out)).toMatchObject({ line_to_cloud: 'up', faults: [] })
    expect(await overTheLine()).toBe('the cloud')
    expect((await cli('speed', '--speed', '2', '--readings-per-s', '200')).out).toBe('speed 2, 200 readings/s\n')
    expect(await cli('fault', 'drift', '--target', 'nothing')).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot be the target of "drift"'),
    })
  })

  test('a second one on the same folder is refused with a sentence', async () => {
    const second = await run([], {
      JIDOKA_SIMULATOR_DATA_FOLDER: join(folder, 'data'),
      JIDOKA_SIMULATOR_HTTP_PORT: '0',
      JIDOKA_SIMULATOR_MES_PORT: '0',
    })
    expect(second).toMatchObject({ code: 1, err: expect.stringContaining(`is in use by the process ${child.pid}`) })
  })

  test('logs JSON lines without a secret (I8), and SIGTERM stops it in order', async () => {
    child.kill('SIGTERM')
    const [code] = (await once(child, 'close')) as [number]
    expect(code).toBe(0)
    const lines = child.text.err.trim().split('\n')
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ service: 'simulator', level: expect.any(String) })
    for (const secret of Object.values(loadDeviceSecrets(join(folder, 'devices.json'))))
      expect(child.text.err).not.toContain(secret)
  })
})

describe('a plant whose supervisor has gone', () => {
  const environment = (name: string) => ({
    JIDOKA_SUPERVISED: '1',
    JIDOKA_SIMULATOR_DATA_FOLDER: join(folder, name),
    JIDOKA_SIMULATOR_HTTP_PORT: '0',
    JIDOKA_SIMULATOR_MES_PORT: '0',
    JIDOKA_SIMULATOR_MQTT_URL: 'mqtt://127.0.0.1:1',
    JIDOKA_SIMULATOR_LOG_LEVEL: 'debug',
  })

  test('ends in order, also with nobody left to read its log', async () => {
    const child = start([], environment('abandoned'))
    await until('it is ready', () => child.text.out.includes('"ready":true'))
    expect(existsSync(join(folder, 'abandoned', 'lock'))).toBe(true)
    const ended = once(child, 'close')
    for (const pipe of [child.stderr, child.stdout, child.stdin]) pipe?.destroy()
    expect(await ended).toEqual([0, null])
    expect(existsSync(join(folder, 'abandoned', 'lock'))).toBe(false)
  })

  test('SIGTERM in the middle of the start ends in order, and it never says that it is ready', async () => {
    const child = start([], environment('interrupted'))
    await until('it has begun', () => existsSync(join(folder, 'interrupted', 'lock')))
    const ended = once(child, 'close')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(child.text.out).toBe('')
    expect(existsSync(join(folder, 'interrupted', 'lock'))).toBe(false)
  })
})

describe('the program', () => {
  test('makes the accounts of its devices, and keeps them when it is asked again', async () => {
    const files = ['--edge-file', join(folder, 'kept-edge.json'), '--simulator-file', join(folder, 'kept.json')]
    expect(await run(['devices', ...files])).toMatchObject({ code: 0, out: '{"made":28,"kept":0}\n' })
    expect(await run(['devices', ...files])).toMatchObject({ code: 0, out: '{"made":0,"kept":28}\n' })
    expect(await run(['devices'])).toMatchObject({
      code: 1,
      err: '"devices" needs --edge-file and --simulator-file.\n',
    })
  })

  test('prints the desired items', async () => {
    const { code, out } = await run(['desired'])
    expect(code).toBe(0)
    expect(z.array(desiredItemSchema).parse(JSON.parse(out))).toHaveLength(8)
  })

  test('says each mistake of its configuration in a sentence and exits with 2', async () => {
    const { code, err } = await run([], {
      JIDOKA_SIMULATOR_SPEED: 'fast',
      JIDOKA_SIMULATOR_MQTT_URL: 'localhost',
      JIDOKA_SIMULATOR_LINE_TARGET: 'cloud',
    })
    expect(code).toBe(2)
    expect(err.trim().split('\n')).toHaveLength(3)
    expect(err).toContain(
      '"mqtt_url" (JIDOKA_SIMULATOR_MQTT_URL) is wrong: it must be of the form mqtt://127.0.0.1:1883.',
    )
  })

  test('a taken port is said in a sentence, and the exit code is 1', async () => {
    const holder = createServer()
    holder.listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    const { code, err } = await run([], {
      // Of the plant that was stopped above: opening its MES again takes a third of the time of making one.
      JIDOKA_SIMULATOR_DATA_FOLDER: join(folder, 'data'),
      JIDOKA_SIMULATOR_MES_PORT: String(port),
      JIDOKA_SIMULATOR_HTTP_PORT: '0',
    })
    holder.close()
    expect(code).toBe(1)
    expect(err).toContain(`The port ${port} for the MES is taken.`)
  })

  test('a command that is none, and one that nobody answers, end in a sentence', async () => {
    expect(await run(['explode'])).toMatchObject({
      code: 1,
      err: 'There is no command "explode". "help" lists them; without one the simulator runs.\n',
    })
    expect(await run(['state', '--url', 'http://127.0.0.1:1'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('No simulator answers at http://127.0.0.1:1'),
    })
    expect(await run(['fault', '--nonsense'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('"help" lists what there is.'),
    })
  })
})
