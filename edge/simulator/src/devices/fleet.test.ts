import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@jidoka/base'
import { parseSensorTopic, sensorPayloadSchema } from '@jidoka/contract'
import { tagKey } from '@jidoka/domain'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { hanbit } from '../plant/hanbit.ts'
import { Plant } from '../plant/plant.ts'
import { TestBroker } from '../testing/broker.ts'
import { quietLog } from '../testing/quiet-log.ts'
import { until } from '../testing/until.ts'
import { deviceLogin, loadDeviceSecrets, writeDeviceFiles } from './credentials.ts'
import { DeviceFleet } from './fleet.ts'

/** Longer than `until` waits, so that what was waited for is named. */
vi.setConfig({ testTimeout: 60_000 })

const plant = new Plant(hanbit, { seed: 42, startMs: Date.UTC(2026, 10, 21) })
let folder: string
let broker: TestBroker
let fleet: DeviceFleet

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-fleet-'))
  const files = { edge: join(folder, 'edge.json'), simulator: join(folder, 'simulator.json') }
  writeDeviceFiles(hanbit, files)
  const secrets = loadDeviceSecrets(files.simulator)
  broker = new TestBroker(secrets)
  await broker.start()
  fleet = new DeviceFleet({
    plant,
    mqttUrl: broker.url,
    secrets,
    tenantId: 'hanbit',
    clock: systemClock,
    log: quietLog,
  })
  await fleet.start()
  await until('all devices are online', () => fleet.onlineCount === 28)
})
afterEach(async () => {
  await fleet.stop()
  await broker.stop()
  rmSync(folder, { recursive: true })
})

test('each tag comes from its own machine’s device, on its topic, as the contract has it', async () => {
  const atMs = Date.UTC(2026, 10, 21, 1, 2, 3, 456)
  for (const sensor of plant.sensors) fleet.publish(sensor.number, plant.read(sensor.number, plant.timeMs), atMs)
  await until('all are acknowledged', () => fleet.counts.acknowledged === plant.sensors.length)
  expect(broker.refusedLogins).toEqual([])
  for (const sensor of plant.sensors) {
    const published = broker.published.find((each) => each.topic === `sensor/${sensor.key}`)
    expect(published?.login).toBe(deviceLogin(sensor.line, sensor.equipment))
    const place = parseSensorTopic(published?.topic ?? '')
    expect(place === null ? null : tagKey(place)).toBe(sensor.key)
    const payload = sensorPayloadSchema.parse(JSON.parse(published?.payload ?? ''))
    expect(payload).toEqual({
      tenant_id: 'hanbit',
      value: plant.read(sensor.number, plant.timeMs),
      unit: sensor.unit,
      timestamp: '2026-11-21T01:02:03.456Z',
    })
  }
})

test('a machine that says nonsense says every kind of it, and its readings go on beside', async () => {
  broker.hangsUpAt = (topic) => topic.startsWith('factory/')
  const end = fleet.corrupt('LINE-A/PRESS-1', 1)
  const reasons = [
    /^\{"value": 12.5, "unit": $/,
    /NaN/,
    /1e999/,
    /nested/,
    /furlong/,
    /1970/,
    /somebody-else/,
    /^x{80000,}$/,
  ]
  await until('each kind was there', () =>
    reasons.every((pattern) =>
      broker.published.some((each) => each.login === 'line-a.press-1' && pattern.test(each.payload)),
    ),
  )
  end()
  await until('it is back', () => fleet.onlineCount === 28)
  const before = fleet.counts.acknowledged
  fleet.publish(plant.sensors.find((sensor) => sensor.equipment === 'PRESS-1')?.number ?? -1, 1, 0)
  await until('its reading is acknowledged', () => fleet.counts.acknowledged > before)
})

test('a dead machine is silent while its neighbours speak', async () => {
  const revive = fleet.kill('LINE-A/PRESS-1', 'f')
  for (const sensor of plant.sensors) fleet.publish(sensor.number, 1, 0)
  await until('the neighbours’ readings are acknowledged', () => fleet.counts.acknowledged === plant.sensors.length - 5)
  expect(broker.published.some((each) => each.topic.includes('/PRESS-1/'))).toBe(false)
  revive()
  await until('it is back', () => fleet.onlineCount === 28)
})

test('an account that the devices file does not have is named with what to do', () => {
  const options = { plant, mqttUrl: broker.url, secrets: {}, tenantId: null, clock: systemClock, log: quietLog }
  expect(() => new DeviceFleet(options)).toThrow('no secret for "line-a.gateway". Run the command "devices" again')
})
