import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { boardSchema, edgePaths, edgeStreamEvents, envelope, fill } from '@jidoka/contract'
import type { Board } from '@jidoka/contract'
import type { DesiredItem } from '@jidoka/domain'
import { decodeSegment } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runCli } from './cli/run.ts'
import { openReader } from './pipeline/index.ts'
import { ApplianceProcess, TestPlant } from './testing/appliance-process.ts'

/** The appliance as it is installed: a process of its own, real sockets, a real folder. */

let plant: TestPlant
const running = new Set<ApplianceProcess>()

beforeEach(() => {
  plant = new TestPlant()
})
afterEach(async () => {
  for (const appliance of running) await appliance.stop('SIGKILL')
  running.clear()
  plant.remove()
})

async function start(environment: Record<string, string> = {}): Promise<ApplianceProcess> {
  const appliance = await ApplianceProcess.start(plant.environment(environment))
  running.add(appliance)
  return appliance
}

const temperatureRule: DesiredItem = {
  kind: 'rule',
  key: 'temperature-high',
  version: 1,
  body: {
    id: 'temperature-high',
    version: 1,
    name: { ko: '온도 높음', en: 'Temperature high' },
    enabled: true,
    trigger: { on: 'reading', sensor: 'temperature' },
    inputs: [{ name: 'value', from: 'trigger', kind: 'number', max_age_s: 60 }],
    parameters: { high: { value: 90, name: { ko: '상한', en: 'High' } } },
    script:
      'if input.value > params.high { verdict("HIGH", 0.95, `${input.value} > ${params.high}`) } else { verdict("NORMAL", 0.8) }',
    normal_statuses: ['NORMAL'],
    alarms: { HIGH: 'high' },
    hysteresis: { raise_after_count: 1, return_after_count: 1 },
    cool_down_s: 0,
    confidence_min: 0,
    examples: [{ input: { value: 91 }, status: 'HIGH' }],
  },
}
const starter = () => ({ JIDOKA_STARTER: plant.write('starter.json', [temperatureRule]) })

const boardOf = async (appliance: ApplianceProcess, cookie: string): Promise<Board> =>
  envelope(boardSchema).parse(await (await appliance.request(edgePaths.board, cookie)).json()).data

/** All numbers in the journal of a data folder, read from its segments, whose sequence must have no gap. */
function storedNumbers(dataFolder: string): number[] {
  const reader = openReader({ dataFolder })
  try {
    const numbers: number[] = []
    for (const { firstSeq, body } of reader.segments(1, Number.POSITIVE_INFINITY)) {
      expect(firstSeq).toBe(numbers.length + 1)
      numbers.push(...decodeSegment(body).number)
    }
    return numbers
  } finally {
    reader.close()
  }
}

/** The events of a stream, gathered until the signal. */
async function follow(
  appliance: ApplianceProcess,
  cookie: string,
  seen: { event: string; data: unknown }[],
  signal: AbortSignal,
) {
  const response = await fetch(new URL(edgePaths.stream, appliance.http), { headers: { cookie }, signal })
  const read = async () => {
    let text = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? []
        text = text.slice(end + 2)
        if (event !== undefined && data !== undefined) seen.push({ event, data: JSON.parse(data) })
      }
    }
  }
  // The stream ends with its appliance or with the signal; what was seen until then is what counts.
  read().catch(() => {})
}

describe('the appliance', () => {
  test('a reading comes by MQTT, is judged, stands on the board and in the stream, and its alarm is acknowledged', async () => {
    const appliance = await start(starter())
    const cookie = await appliance.signIn('admin', plant.password)
    const seen: { event: string; data: unknown }[] = []
    const watching = new AbortController()
    await follow(appliance, cookie, seen, watching.signal)
    const light = await appliance.device('stack-light', plant.secret)
    const told: string[] = []
    light.on('message', (topic, payload) =>
      told.push(`${topic} ${(JSON.parse(payload.toString()) as { status: string }).status}`),
    )
    await light.subscribeAsync(['judgment/#', 'alarm/#'], { qos: 1 })

    const device = await appliance.device('line-a.press-1', plant.secret)
    await device.publishAsync('sensor/LINE-A/PRESS-1/temperature', JSON.stringify({ value: 85.5, unit: '°C' }), {
      qos: 1,
    })
    await device.publishAsync('sensor/LINE-A/PRESS-1/temperature', JSON.stringify({ value: 95.5, unit: '°C' }), {
      qos: 1,
    })

    const board = await boardOf(appliance, cookie)
    expect(board.tags).toMatchObject([
      { key: 'LINE-A/PRESS-1/temperature', value: 95.5, unit: '°C', recent: [85.5, 95.5] },
    ])
    expect(board.verdicts).toMatchObject([
      { status: 'HIGH', explanation: '95.5 > 90.0', rule_name: { ko: '온도 높음' } },
    ])
    expect(board.alarms).toMatchObject([{ state: 'unacknowledged', priority: 'high' }])

    await vi.waitUntil(() => seen.some(({ event }) => event === 'alarm') && told.length >= 3)
    expect(edgeStreamEvents.values.parse(seen.find(({ event }) => event === 'values')?.data).values[0]?.value).toBe(
      85.5,
    )
    expect(told).toContain('judgment/LINE-A/temperature-high HIGH')
    expect(told).toContain('alarm/LINE-A HIGH')

    const id = board.alarms[0]?.id ?? ''
    expect((await appliance.request(fill(edgePaths.acknowledge, { id }), cookie, {})).status).toBe(200)
    await device.publishAsync('sensor/LINE-A/PRESS-1/temperature', JSON.stringify({ value: 80 }), { qos: 1 })
    await vi.waitUntil(async () => (await boardOf(appliance, cookie)).alarms.length === 0)
    watching.abort()
    await light.endAsync()
    await device.endAsync()
    const ended = await appliance.stop()
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stderr).not.toContain('"level":"error"')
  })

  test('SIGTERM with boards and devices connected ends in order; the next start knows people, alarms and values', async () => {
    const environment = starter()
    const first = await start(environment)
    const cookie = await first.signIn('admin', plant.password)
    const watching = new AbortController()
    await follow(first, cookie, [], watching.signal)
    const device = await first.device('line-a.press-1', plant.secret)
    await device.publishAsync('sensor/LINE-A/temperature', JSON.stringify({ value: 99 }), { qos: 1 })
    expect(await first.stop()).toMatchObject({ code: 0 })
    watching.abort()
    const second = await start(environment)
    const board = await boardOf(second, cookie)
    expect(board).toMatchObject({ tags: [{ value: 99 }], alarms: [{ status: 'HIGH' }], verdicts: [{ status: 'HIGH' }] })
    expect(existsSync(join(plant.folder, 'data', 'cli.json'))).toBe(true)
    await second.stop()
    expect(existsSync(join(plant.folder, 'data', 'cli.json'))).toBe(false)
  })

  test(
    'ends in order when its supervisor has gone, also with nobody left to read its log',
    { timeout: 30_000 },
    async () => {
      const environment = { JIDOKA_SUPERVISED: '1', JIDOKA_LOG_LEVEL: 'trace' }
      const first = await start(environment)
      expect(existsSync(join(plant.folder, 'data', 'lock'))).toBe(true)
      expect(await first.abandon()).toMatchObject({ code: 0, signal: null })
      expect(existsSync(join(plant.folder, 'data', 'lock'))).toBe(false)
      expect((await (await start()).stop()).stderr).not.toContain('not stopped in order')
    },
  )

  test('without a supervisor it goes on when its standard input ends', async () => {
    const appliance = await start()
    appliance.closeInput()
    expect((await fetch(new URL('/health', appliance.http))).status).toBe(200)
    expect(await appliance.stop()).toMatchObject({ code: 0 })
  })

  test('SIGTERM in the middle of the start ends in order, and it never says that it is ready', async () => {
    const lock = join(plant.folder, 'data', 'lock')
    const environment = plant.environment({ JIDOKA_SUPERVISED: '1' })
    const ended = await ApplianceProcess.interrupt(environment, 'SIGTERM', () => existsSync(lock))
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: '' })
    expect(existsSync(lock)).toBe(false)
  })

  test('I1: every reading that was acknowledged before SIGKILL is in the journal after the next start', async () => {
    const first = await start()
    const device = await first.device('line-a.press-1', plant.secret)
    device.on('error', () => {})
    const acknowledged: number[] = []
    const inFlightMax = 20
    let next = 0
    const loops = Array.from({ length: inFlightMax }, async () => {
      for (;;) {
        const value = ++next
        await device.publishAsync('sensor/LINE-A/counter', JSON.stringify({ value }), { qos: 1 })
        acknowledged.push(value)
      }
    })
    const broken = Promise.allSettled(loops) // the line breaks under them, which is the point
    await vi.waitUntil(() => acknowledged.length >= 500)
    expect(await first.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
    await device.endAsync(true)
    await broken
    const second = await start()
    expect((await second.stop()).stderr).toContain('not stopped in order')

    const stored = storedNumbers(join(plant.folder, 'data'))
    const storedOnce = new Set(stored)
    expect(stored).toHaveLength(storedOnce.size)
    expect(acknowledged.filter((value) => !storedOnce.has(value))).toEqual([])
    // Beyond those, only what was under way at the kill: committed, and its acknowledgement lost.
    expect(stored.length - acknowledged.length).toBeLessThanOrEqual(inFlightMax)
  })

  test('a device with a wrong secret is turned away', async () => {
    const appliance = await start()
    await expect(appliance.device('line-a.press-1', 'wrong')).rejects.toThrow(/Bad username or password/i)
    await expect(appliance.device('nobody', plant.secret)).rejects.toThrow(/Bad username or password/i)
  })

  test('a line to the cloud that others can read is warned of at the start', async () => {
    // 192.0.2.0/24 is for documentation: nothing answers there, and without a token nothing is asked.
    const ended = await (await start({ JIDOKA_CLOUD_URL: 'http://192.0.2.1:3000' })).stop()
    expect(ended.stderr).toMatch(/"level":"warn".*http:\/\/192\.0\.2\.1:3000 is not encrypted.*https/)
    const here = await (await start({ JIDOKA_CLOUD_URL: 'http://127.0.0.1:9' })).stop()
    expect(here.stderr).not.toContain('not encrypted')
  })

  test('I8: files with secrets are for their owner alone', async () => {
    await start()
    for (const name of ['identity.json', 'cli.json'])
      expect(statSync(join(plant.folder, 'data', name)).mode & 0o077).toBe(0)
    expect(statSync(join(plant.folder, 'data')).mode & 0o077).toBe(0)
  })
})

describe('the first password', () => {
  test('I8: is shown once in plain text and is in no line of the log', async () => {
    const { JIDOKA_ADMIN_PASSWORD: _, ...environment } = plant.environment({ JIDOKA_LOG_LEVEL: 'trace' })
    const first = await ApplianceProcess.start(environment)
    running.add(first)
    const ended = await first.stop()
    const password = /password {2}(\S+)/.exec(ended.stderr)?.[1] ?? ''
    expect(password).toHaveLength(16)
    expect(ended.stderr.split(password)).toHaveLength(2)
    const second = await ApplianceProcess.start(environment)
    running.add(second)
    await second.signIn('admin', password)
    expect((await second.stop()).stderr).not.toContain(password)
  })
})

describe('a start that cannot be', () => {
  test('a configuration with typos: a sentence each and code 2', async () => {
    const file = join(plant.folder, 'edge.json')
    writeFileSync(file, '{"htpp": {"port": 8080}, "log_level": "loud"}')
    const ended = await ApplianceProcess.run(plant.environment({ JIDOKA_CONFIG: file, JIDOKA_HTTP_PORT: 'eighty' }))
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('"htpp" is not a setting; did you mean "http"?')
    expect(ended.stderr).toContain('"log_level" (JIDOKA_LOG_LEVEL)')
    expect(ended.stderr).toContain('"http.port" (JIDOKA_HTTP_PORT)')
    expect(ended.stderr).not.toContain('    at ')
  })

  test('a port that is taken: the port and what to set, and code 1', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const port = String((other.address() as AddressInfo).port)
    for (const name of ['JIDOKA_HTTP_PORT', 'JIDOKA_MQTT_PORT']) {
      const ended = await ApplianceProcess.run(plant.environment({ [name]: port }))
      expect(ended.code).toBe(1)
      expect(ended.stderr).toContain(port)
      expect(ended.stderr).toContain(name)
      expect(ended.stderr).not.toContain('    at ')
    }
    other.close()
  })

  test('a folder that another appliance uses: who has it, and code 1', async () => {
    const first = await start()
    const ended = await ApplianceProcess.run(plant.environment())
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain(`in use by the process ${first.pid}`)
    expect((await fetch(new URL('/health', first.http))).status).toBe(200)
  })

  test('a data folder that is a file, a devices file with mistakes, a starter that is absent: a sentence each', async () => {
    const isFile = await ApplianceProcess.run(plant.environment({ JIDOKA_DATA: join(plant.folder, 'devices.json') }))
    expect(isFile).toMatchObject({ code: 1 })
    expect(isFile.stderr).toContain('JIDOKA_DATA')
    const badDevices = await ApplianceProcess.run(
      plant.environment({ JIDOKA_DEVICES: plant.write('bad.json', [{ login: 'x' }]) }),
    )
    expect(badDevices.code).toBe(2)
    expect(badDevices.stderr).toContain('bad.json')
    expect(badDevices.stderr).not.toContain('    at ')
    const noStarter = await ApplianceProcess.run(plant.environment({ JIDOKA_STARTER: '/nowhere.json' }))
    expect(noStarter.stderr).toContain('there is no such file')
  })
})

describe('the command line beside a running appliance', () => {
  async function run(...argv: string[]) {
    let [out, err] = ['', '']
    const signal = AbortSignal.timeout(1_500)
    const environment = { JIDOKA_DATA: join(plant.folder, 'data') }
    const code = await runCli(argv, {
      out: (text) => (out += `${text}\n`),
      err: (text) => (err += `${text}\n`),
      environment,
      signal,
    })
    return { code, out, err }
  }

  test('status, tail and export tell what is going on', async () => {
    const appliance = await start(starter())
    const device = await appliance.device('line-a.press-1', plant.secret)
    const atMs = Date.now()
    for (const [index, value] of [80.25, 95].entries()) {
      await device.publishAsync(
        'sensor/LINE-A/temperature',
        JSON.stringify({ value, unit: '°C', timestamp: atMs + index }),
        { qos: 1 },
      )
    }
    const status = await run('status')
    expect(status).toMatchObject({ code: 0 })
    expect(status.out).toContain('not_enrolled')
    expect(status.out).toMatch(/alarm +high +unacknowledged +LINE-A\/temperature HIGH/)
    const tail = run('tail', '--values', '--json')
    await vi.waitUntil(async () => {
      await device.publishAsync('sensor/LINE-A/temperature', JSON.stringify({ value: 96, unit: '°C' }), { qos: 1 })
      return (await fetch(new URL('/metrics', appliance.http)).then((answer) => answer.text())).includes(
        'jidoka_stream_clients 1',
      )
    })
    await device.publishAsync('sensor/LINE-A/temperature', JSON.stringify({ value: 97, unit: '°C' }), { qos: 1 })
    expect(await tail).toMatchObject({ code: 0, out: expect.stringContaining('"value":97') as string })
    const exported = await run(
      'export',
      '--tag',
      'LINE-A/temperature',
      '--from',
      new Date(atMs).toISOString(),
      '--to',
      new Date(atMs + 2).toISOString(),
    )
    expect(exported.out.split('\n').map((line) => line.split(',').slice(0, 6).join(','))).toEqual([
      'time,tag,value,kind,unit,quality',
      `${new Date(atMs).toISOString()},LINE-A/temperature,80.25,number,°C,good`,
      `${new Date(atMs + 1).toISOString()},LINE-A/temperature,95,number,°C,good`,
      '',
    ])
    expect(await run('export', '--tag', 'LINE-A/none', '--from', '2026-01-01', '--to', '2026-01-02')).toMatchObject({
      code: 1,
    })
    await device.endAsync()
  })
})
