import { ManualClock } from '@jidoka/base'
import { expect, test } from 'vitest'
import { hanbit } from './plant/hanbit.ts'
import { Plant } from './plant/plant.ts'
import type { ProductionEvent } from './plant/production/events.ts'
import { PlantRunner } from './plant-runner.ts'

function newRun(options: { speed: number; readingsPerS: number | null }) {
  const clock = new ManualClock()
  const plant = new Plant(hanbit, { seed: 42, startMs: clock.nowMs() })
  const readings: { sensor: number; value: number; atMs: number; saidAtMs: number }[] = []
  const events: { event: ProductionEvent; at: Date; saidAtMs: number }[] = []
  const runner = new PlantRunner({
    plant,
    devices: { publish: (sensor, value, atMs) => void readings.push({ sensor, value, atMs, saidAtMs: clock.nowMs() }) },
    mes: { add: (event, at) => void events.push({ event, at, saidAtMs: clock.nowMs() }) },
    clock,
    ...options,
  })
  return { clock, plant, runner, readings, events }
}

test('speed moves the plant and not the rate: ten times the pieces, as many readings, all with instants of the wall clock', async () => {
  const [slow, fast] = [newRun({ speed: 1, readingsPerS: null }), newRun({ speed: 10, readingsPerS: null })]
  for (const { runner, clock } of [slow, fast]) {
    await runner.start()
    clock.advance(60_000)
  }
  const pieces = (run: typeof slow) => run.events.filter(({ event }) => event.type === 'counted').length
  expect(pieces(fast) / pieces(slow)).toBeCloseTo(10, 0)
  expect(fast.readings.length).toBe(slow.readings.length)
  expect(slow.readings.length / 60).toBeCloseTo(84.4, -1)
  for (const { readings, events } of [slow, fast]) {
    for (const { atMs, saidAtMs } of readings) expect(saidAtMs - atMs >= 0 && saidAtMs - atMs <= 51).toBe(true)
    for (const { at, saidAtMs } of events) expect(Math.abs(saidAtMs - at.getTime())).toBeLessThanOrEqual(250)
  }
})

test('a change of pace counts from now on, without a jump of plant time', async () => {
  const { clock, plant, runner, readings } = newRun({ speed: 1, readingsPerS: 100 })
  await runner.start()
  clock.advance(10_000)
  const before = plant.timeMs
  runner.speed = 100
  runner.readingsPerS = 1_000
  expect(plant.timeMs - before).toBeLessThan(200)
  const published = readings.length
  clock.advance(10_000)
  expect((plant.timeMs - before) / 1_000).toBeCloseTo(1_000, -1)
  expect((readings.length - published) / 10).toBeCloseTo(1_000, -2)
})

test('what was due before the start is not read, however long the other parts took to start', async () => {
  const { clock, runner, readings } = newRun({ speed: 1, readingsPerS: null })
  clock.advance(5_000)
  await runner.start()
  clock.advance(1_000)
  expect(readings.length).toBeLessThan(110)
})

test('stopped it is still', async () => {
  const { clock, runner, readings } = newRun({ speed: 1, readingsPerS: null })
  await runner.start()
  await runner.stop()
  clock.advance(10_000)
  expect(readings).toEqual([])
})
