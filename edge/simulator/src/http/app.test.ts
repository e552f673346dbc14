import { ManualClock } from '@jidoka/base'
import { faultSchema, plantStateSchema, problemSchema, simulatorPaths } from '@jidoka/contract'
import type { PlantState } from '@jidoka/contract'
import type { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { FaultBook } from '../faults/fault-book.ts'
import { hanbit } from '../plant/hanbit.ts'
import { Plant } from '../plant/plant.ts'
import type { SimulatorControl } from '../simulator.ts'
import { quietLog } from '../testing/quiet-log.ts'
import { createApp } from './app.ts'

let app: Hono
let pace: { speed: number; readings_per_s: number }

beforeEach(() => {
  const clock = new ManualClock()
  const plant = new Plant(hanbit, { seed: 42, startMs: clock.nowMs() })
  const nothing = () => () => {}
  const world = { plant, devices: { kill: nothing, corrupt: nothing }, mes: { down: nothing }, line: null }
  const faults = new FaultBook({ world, clock, log: quietLog })
  pace = { speed: 1, readings_per_s: 84 }
  const control: SimulatorControl = {
    state: (): PlantState => ({
      seed: 42,
      ...pace,
      readings_published_total: 12,
      readings_acknowledged_total: 10,
      plant_time: new Date(plant.timeMs).toISOString(),
      line_to_cloud: 'none',
      mes: 'up',
      faults: [...faults.list()],
      targets: faults.targets(),
    }),
    setPace: (wanted) => void Object.assign(pace, wanted),
    addFault: (request) => faults.add(request),
    faults: () => faults.list(),
    removeFault: (id) => faults.remove(id),
    removeAllFaults: () => faults.removeAll(),
    figures: () => ({ devicesOnline: 28, readingsDropped: 2 }),
  }
  app = createApp(control, quietLog)
})

const request = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  app.request(`http://127.0.0.1:8090${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })

async function problem(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const parsed = problemSchema.parse(await response.json())
  expect(parsed.status).toBe(response.status)
  return parsed
}

describe('the API', () => {
  test('tells the plant’s state as the contract has it', async () => {
    const { data } = (await (await request('GET', simulatorPaths.state)).json()) as { data: unknown }
    expect(plantStateSchema.parse(data)).toMatchObject({ seed: 42, mes: 'up', line_to_cloud: 'none', faults: [] })
  })

  test('starts a fault, lists it, and takes it back once', async () => {
    const response = await request('POST', simulatorPaths.faults, {
      kind: 'bearing_wear',
      target: 'LINE-A/PRESS-2',
      duration_s: 60,
    })
    expect(response.status).toBe(201)
    const { data } = (await response.json()) as { data: unknown }
    const fault = faultSchema.parse(data)
    expect(fault).toMatchObject({ target: 'LINE-A/PRESS-2', severity: 0.7 })
    const path = response.headers.get('location') ?? ''
    expect(await (await request('GET', simulatorPaths.faults)).json()).toMatchObject({ data: [{ id: fault.id }] })
    expect((await request('DELETE', path)).status).toBe(204)
    expect((await problem(await request('DELETE', path))).kind).toBe('not_found')
  })

  test('takes all back at once', async () => {
    for (let index = 0; index < 3; index++) await request('POST', simulatorPaths.faults, { kind: 'mes_down' })
    expect(await (await request('DELETE', simulatorPaths.faults)).json()).toMatchObject({ data: { removed: 3 } })
  })

  test('changes the pace, and leaves alone what is not named', async () => {
    expect((await request('PUT', simulatorPaths.speed, { readings_per_s: 5_000 })).status).toBe(200)
    expect(pace).toEqual({ speed: 1, readings_per_s: 5_000 })
  })

  test.each([
    ['an unknown kind', { kind: 'earthquake' }],
    ['an unknown member', { kind: 'drift', where: 'here' }],
    ['a severity over 1', { kind: 'drift', severity: 2 }],
    ['a target that is none', { kind: 'drift', target: 'LINE-Z/temperature' }],
    ['a line that is not there', { kind: 'line_cut' }],
    ['broken JSON', '{"kind": '],
    ['no body', undefined],
  ])('refuses a fault with %s', async (_, body) => {
    expect((await problem(await request('POST', simulatorPaths.faults, body))).kind).toBe('invalid_input')
    expect(await (await request('GET', simulatorPaths.faults)).json()).toMatchObject({ data: [] })
  })

  test('refuses a pace beyond 5,000 readings a second or a hundredfold speed, naming the member', async () => {
    const refused = await problem(await request('PUT', simulatorPaths.speed, { speed: 101, readings_per_s: 5_001 }))
    expect(refused.errors?.map((error) => error.path)).toEqual(['speed', 'readings_per_s'])
  })

  test('refuses a body that is too large', async () => {
    const body = JSON.stringify({ kind: 'x'.repeat(20_000) })
    expect(
      (await problem(await request('POST', simulatorPaths.faults, body, { 'content-length': String(body.length) })))
        .kind,
    ).toBe('too_large')
  })
})

describe('only this machine', () => {
  test('another site’s page may not start a fault', async () => {
    const response = await request(
      'POST',
      simulatorPaths.faults,
      { kind: 'mes_down' },
      { origin: 'https://evil.example' },
    )
    expect((await problem(response)).kind).toBe('not_permitted')
    expect(
      (await request('POST', simulatorPaths.faults, { kind: 'mes_down' }, { origin: 'http://127.0.0.1:9999' })).status,
    ).toBe(403)
    expect(
      (await request('POST', simulatorPaths.faults, { kind: 'mes_down' }, { origin: 'http://127.0.0.1:8090' })).status,
    ).toBe(201)
  })

  test('a name that somebody pointed at loopback is refused', async () => {
    expect((await app.request('http://rebound.example:8090/api/v1/plant')).status).toBe(403)
    expect((await app.request('http://localhost:8090/api/v1/plant')).status).toBe(200)
  })
})

describe('beside the API', () => {
  test('the page’s files come with their types and a policy that lets nothing else in', async () => {
    for (const [path, type] of [
      ['/', 'text/html'],
      ['/page.js', 'text/javascript'],
      ['/messages.js', 'text/javascript'],
      ['/page.css', 'text/css'],
    ] as const) {
      const response = await request('GET', path)
      expect([response.status, response.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`])
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    }
  })

  test('health, readiness and metrics answer', async () => {
    expect([(await request('GET', '/health')).status, (await request('GET', '/ready')).status]).toEqual([200, 200])
    const metrics = await (await request('GET', '/metrics')).text()
    expect(metrics).toContain('jidoka_simulator_readings_acknowledged_total 10\n')
    expect(metrics).toContain('jidoka_simulator_devices_online 28\n')
  })

  test('an unknown path is a problem and no page', async () => {
    expect((await problem(await request('GET', '/nowhere'))).kind).toBe('not_found')
  })
})
