import { expect, test } from 'vitest'
import { hanbit } from './hanbit.ts'
import { machineKey, Plant } from './plant.ts'
import { Sampler } from './sampler.ts'

const plant = new Plant(hanbit, { seed: 42, startMs: 0 })
const sampled = plant.sensors.map((sensor) => ({
  number: sensor.number,
  periodMs: sensor.periodMs,
  device: machineKey(sensor.line, sensor.equipment),
}))

test('the plant’s own rate is 60 to 100 readings a second', () => {
  const sampler = new Sampler(sampled, 0)
  expect(sampler.naturalRate).toBeGreaterThan(60)
  expect(sampler.naturalRate).toBeLessThan(100)
})

test.each([1, 84.4, 1_000, 5_000])(
  'at %d readings a second that many come in ten seconds, whatever the portions',
  (rate) => {
    const inOne = new Sampler(sampled, 0)
    const inMany = new Sampler(sampled, 0)
    inOne.readingsPerS = rate
    inMany.readingsPerS = rate
    const many: unknown[] = []
    const one: unknown[] = []
    for (let ms = 1_000; ms <= 10_000; ms += 1_000) one.push(...inOne.advanceTo(ms))
    for (let ms = 50; ms <= 10_000; ms += 50) many.push(...inMany.advanceTo(ms))
    expect(many).toEqual(one)
    expect(Math.abs(many.length - 10 * rate)).toBeLessThan(Math.max(sampled.length, rate))
  },
)

test('sensors of one machine with one period are read at one instant, in their order', () => {
  const due = new Sampler(sampled, 0).advanceTo(1_500)
  const of = (sensor: string) => due.find((each) => plant.sensors[each.sensor]?.key === `LINE-C/CNC-1/${sensor}`)
  expect(of('motor_current')?.atMs).toBe(of('spindle_torque')?.atMs)
  expect(due.findIndex((each) => each === of('motor_current'))).toBeLessThan(
    due.findIndex((each) => each === of('spindle_torque')),
  )
})

test('after a long pause only the last two seconds are read: sensors do not store', () => {
  const sampler = new Sampler(sampled, 0)
  const due = sampler.advanceTo(3_600_000)
  expect(due.length).toBeLessThan(3 * sampler.naturalRate)
  expect(due[0]?.atMs).toBeGreaterThan(3_597_000)
})
