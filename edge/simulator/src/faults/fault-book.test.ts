import { faultKinds, newFaultSchema, faultSchema } from '@jidoka/contract'
import type { FaultKind } from '@jidoka/contract'
import { beforeEach, expect, test } from 'vitest'
import { hanbit } from '../plant/hanbit.ts'
import { Plant } from '../plant/plant.ts'
import { CountingClock } from '../testing/counting-clock.ts'
import { quietLog } from '../testing/quiet-log.ts'
import { FaultBook, FaultRefusedError } from './fault-book.ts'
import { faultKindModels } from './kinds.ts'
import type { FaultWorld } from './kinds.ts'

let clock: CountingClock
let log: string[]
let world: FaultWorld
let book: FaultBook

/** Writes down when something outside of the plant begins and ends. */
const note =
  (what: string) =>
  (...args: unknown[]) => {
    log.push([what, ...args.filter((arg) => typeof arg === 'string' && !/^[0-9a-f-]{36}$/.test(arg))].join(' '))
    return () => void log.push(`${what} ends`)
  }

const request = (kind: FaultKind, more: object = {}) => newFaultSchema.parse({ kind, ...more })

beforeEach(() => {
  clock = new CountingClock()
  log = []
  world = {
    plant: new Plant(hanbit, { seed: 42, startMs: clock.nowMs() }),
    devices: { kill: note('kill'), corrupt: note('corrupt') },
    mes: { down: note('mes') },
    line: { cut: note('line') },
  }
  book = new FaultBook({ world, clock, log: quietLog })
})

test.each(faultKinds)('%s begins without a target, fits the contract, and is taken back', (kind) => {
  const fault = book.add(request(kind))
  expect(faultSchema.parse(fault)).toEqual(fault)
  expect(fault.target).toBe(faultKindModels[kind].targets(world)[0])
  expect(fault.until).toBeNull()
  expect(book.list()).toEqual([fault])
  expect(book.remove(fault.id)).toBe(true)
  expect(book.list()).toEqual([])
  expect(book.remove(fault.id)).toBe(false)
})

test('a fault with a duration ends by itself at its instant, and what it did ends with it', () => {
  const fault = book.add(request('mes_down', { duration_s: 30 }))
  expect(Date.parse(fault.until ?? '') - Date.parse(fault.since)).toBe(30_000)
  clock.advance(29_999)
  expect([book.list().length, log]).toEqual([1, ['mes']])
  clock.advance(1)
  expect([book.list().length, log]).toEqual([0, ['mes', 'mes ends']])
})

test('a fault taken back early leaves no timer and does not end a second time', () => {
  const fault = book.add(request('line_cut', { duration_s: 30 }))
  expect(clock.waiting).toBe(1)
  book.remove(fault.id)
  expect(clock.waiting).toBe(0)
  clock.advance(60_000)
  expect(log).toEqual(['line', 'line ends'])
})

test('the first targets are those that a starter rule watches', () => {
  expect(Object.fromEntries(Object.entries(book.targets()).map(([kind, targets]) => [kind, targets[0]]))).toEqual({
    drift: 'LINE-A/PRESS-1/temperature',
    spike: 'LINE-A/PRESS-1/vibration',
    stuck_sensor: 'LINE-C/CNC-1/spindle_torque',
    bearing_wear: 'LINE-A/PRESS-1',
    dead_device: 'LINE-A/PRESS-1',
    bad_payloads: 'LINE-A/PRESS-1',
    mes_down: 'mes',
    line_cut: 'line',
  })
  expect(book.targets().drift).toHaveLength(66)
  expect(book.targets().dead_device).toHaveLength(28)
  expect(book.targets().bearing_wear).not.toContain('LINE-B/CHILLER-1')
})

test('a target that is none is refused with those that were perhaps meant', () => {
  expect(() => book.add(request('bearing_wear', { target: 'press-2' }))).toThrow(
    '"press-2" cannot be the target of "bearing_wear". Possible: LINE-A/PRESS-2.',
  )
  expect(() => book.add(request('drift', { target: 'LINE-A/PRESS-1' }))).toThrow(FaultRefusedError)
  expect(book.list()).toEqual([])
})

test('a line that is not configured cannot be cut, and the sentence says what to set', () => {
  book = new FaultBook({ world: { ...world, line: null }, clock, log: quietLog })
  expect(() => book.add(request('line_cut'))).toThrow('JIDOKA_SIMULATOR_LINE_TARGET')
  expect(book.targets().line_cut).toEqual([])
})

test('more than a hundred at once are refused', () => {
  for (let index = 0; index < 100; index++) book.add(request('mes_down'))
  expect(() => book.add(request('mes_down'))).toThrow('100 faults run already')
  expect(book.removeAll()).toBe(100)
})

test('two wears on one machine: the worse counts, and the milder stays when it is taken back', () => {
  const [mild, bad] = [0, 1].map((severity) => book.add(request('bearing_wear', { severity })))
  world.plant.advanceTo(clock.nowMs() + 60_000)
  expect(world.plant.bearingWear('LINE-A/PRESS-1')).toBeGreaterThan(0.95)
  book.remove(bad?.id ?? '')
  world.plant.advanceTo(clock.nowMs() + 120_000)
  expect(world.plant.bearingWear('LINE-A/PRESS-1')).toBeCloseTo(0.35, 2)
  book.remove(mild?.id ?? '')
  world.plant.advanceTo(clock.nowMs() + 180_000)
  expect(world.plant.bearingWear('LINE-A/PRESS-1')).toBeCloseTo(0.02, 2)
})
