import { describe, expect, test } from 'vitest'
import { hanbit } from './hanbit.ts'
import { Plant, stepMs } from './plant.ts'
import type { ProductionEvent } from './production/events.ts'

const startMs = Date.UTC(2026, 10, 21, 0, 30)
const newPlant = (seed = 42): Plant => new Plant(hanbit, { seed, startMs })

function sensorNumber(plant: Plant, key: string): number {
  const sensor = plant.sensors.find((each) => each.key === key)
  if (sensor === undefined) throw new RangeError(key)
  return sensor.number
}

/** Mean of a sensor over ten seconds from now. */
function mean(plant: Plant, key: string): number {
  const number = sensorNumber(plant, key)
  let sum = 0
  for (let step = 0; step < 50; step++) {
    plant.advanceTo(plant.timeMs + stepMs)
    sum += plant.read(number, plant.timeMs)
  }
  return sum / 50
}

const allValues = (plant: Plant): number[] => plant.sensors.map((sensor) => plant.read(sensor.number, plant.timeMs))

describe('the plant', () => {
  test('has 2 areas, 4 lines, 24 machines with a gateway a line, and 66 tags in both forms of topic', () => {
    const plant = newPlant()
    const machines = hanbit.lines.flatMap((line) => line.machines)
    expect([hanbit.areas.length, hanbit.lines.length]).toEqual([2, 4])
    expect([
      machines.filter((machine) => machine.code !== null).length,
      machines.filter((machine) => machine.code === null).length,
    ]).toEqual([24, 4])
    expect(new Set(plant.sensors.map((sensor) => sensor.key)).size).toBe(66)
    expect(plant.sensors.filter((sensor) => sensor.equipment === null)).toHaveLength(4)
  })

  test('gives the same values and events for the same seed and start, and others for another seed', () => {
    const [one, same, other] = [newPlant(), newPlant(), newPlant(43)]
    for (const plant of [one, same, other]) plant.advanceTo(startMs + 600_000)
    expect(allValues(one)).toEqual(allValues(same))
    expect(one.takeEvents()).toEqual(same.takeEvents())
    expect(allValues(other)).not.toEqual(allValues(one))
  })

  test('does not care in what portions time passes, nor how often it is read', () => {
    const [inOne, inMany] = [newPlant(), newPlant()]
    inOne.advanceTo(startMs + 120_000)
    for (let ms = startMs; ms <= startMs + 120_000; ms += 37) {
      inMany.advanceTo(ms)
      allValues(inMany)
    }
    inMany.advanceTo(startMs + 120_000)
    expect(allValues(inMany)).toEqual(allValues(inOne))
    expect(inMany.takeEvents()).toEqual(inOne.takeEvents())
  })

  test.each([1, 42, 2_026])(
    'with seed %i stays inside every limit for an hour, stops and tool changes included',
    (seed) => {
      const plant = newPlant(seed)
      const outside = new Set<string>()
      for (let ms = startMs; ms < startMs + 3_600_000; ms += 1_000) {
        plant.advanceTo(ms)
        for (const { number, key, limits } of plant.sensors) {
          const value = plant.read(number, ms)
          const { low = -Infinity, high = Infinity } = limits
          if (!(value > low && value < high)) outside.add(`${key} ${value}`)
        }
      }
      expect([...outside]).toEqual([])
      expect(plant.takeEvents().some((event) => event.type === 'stopped')).toBe(true)
    },
  )
})

describe('physics', () => {
  test('a worn bearing raises vibration at once, then temperature, current and the share of bad pieces', () => {
    const [sound, worn] = [newPlant(), newPlant()]
    for (const plant of [sound, worn]) plant.advanceTo(startMs + 60_000)
    worn.addEffect('f', { kind: 'bearing_wear', machine: 'LINE-A/PRESS-1', severity: 0.7 })
    const compare = (key: string) => mean(worn, key) - mean(sound, key)
    expect(compare('LINE-A/PRESS-1/vibration')).toBeGreaterThan(2)
    expect(compare('LINE-A/PRESS-1/temperature')).toBeLessThan(10)
    expect(compare('LINE-A/PRESS-2/vibration')).toBeCloseTo(0, 5)
    for (const plant of [sound, worn]) plant.advanceTo(startMs + 210_000)
    expect(compare('LINE-A/PRESS-1/vibration')).toBeGreaterThan(4)
    expect(compare('LINE-A/PRESS-1/temperature')).toBeGreaterThan(20)
    const badShare = (events: readonly ProductionEvent[]) => {
      const inspected = events.filter((event) => event.line === 'LINE-A' && event.type === 'inspected')
      return inspected.filter((event) => event.type === 'inspected' && !event.passed).length / 200
    }
    expect(badShare(worn.takeEvents())).toBeGreaterThan(5 * badShare(sound.takeEvents()) + 0.05)
  })

  test('a new bearing brings the machine back within a minute or so', () => {
    const plant = newPlant()
    plant.addEffect('f', { kind: 'bearing_wear', machine: 'LINE-C/CNC-1', severity: 1 })
    plant.advanceTo(startMs + 60_000)
    expect(mean(plant, 'LINE-C/CNC-1/vibration')).toBeGreaterThan(4.5)
    plant.removeEffect('f')
    plant.advanceTo(plant.timeMs + 60_000)
    expect(plant.bearingWear('LINE-C/CNC-1')).toBeLessThan(0.03)
    expect(mean(plant, 'LINE-C/CNC-1/vibration')).toBeLessThan(2)
  })

  test('force follows hydraulic pressure: 165 bar on 250 cm2 are 412 kN', () => {
    const plant = newPlant()
    for (let minute = 1; minute <= 10; minute++) {
      plant.advanceTo(startMs + minute * 60_000)
      const pressure = plant.read(sensorNumber(plant, 'LINE-A/PRESS-1/hydraulic_pressure'), plant.timeMs)
      const force = plant.read(sensorNumber(plant, 'LINE-A/PRESS-1/press_force'), plant.timeMs)
      expect(Math.abs(force - pressure * 2.5)).toBeLessThan(12)
    }
  })

  test('spindle current follows torque in every phase of the cycle, and cutting takes 3.5 to 9 kW', () => {
    const plant = newPlant()
    const [torque, current, speed] = ['spindle_torque', 'motor_current', 'spindle_speed'].map((sensor) =>
      sensorNumber(plant, `LINE-C/CNC-2/${sensor}`),
    )
    const phases = new Set<string>()
    for (let second = 1; second <= 240; second++) {
      plant.advanceTo(startMs + second * 1_000)
      const read = (number: number | undefined) => plant.read(number ?? -1, plant.timeMs)
      expect(Math.abs(read(torque) - (read(current) - 4) / 0.22)).toBeLessThan(5)
      const kw = (read(torque) * read(speed)) / 9_549
      phases.add(read(torque) < 25 ? 'idle' : kw > 3.5 && kw < 9 ? 'cutting' : `beside the band: ${kw} kW`)
    }
    expect([...phases].sort()).toEqual(['cutting', 'idle'])
  })
})

describe('effects on sensors', () => {
  const key = 'LINE-A/PRESS-1/temperature'

  test('a drift creeps past the limit and leaves the machine itself alone', () => {
    const plant = newPlant()
    plant.addEffect('f', { kind: 'drift', tag: key, severity: 0.7 })
    const atOnce = plant.read(sensorNumber(plant, key), plant.timeMs)
    plant.advanceTo(startMs + 30_000)
    expect(atOnce).toBeLessThan(55)
    expect(mean(plant, key)).toBeGreaterThan(70)
    expect(mean(plant, 'LINE-A/PRESS-1/vibration')).toBeLessThan(2)
    plant.removeEffect('f')
    expect(mean(plant, key)).toBeLessThan(55)
  })

  test('spikes come and go', () => {
    const plant = newPlant()
    plant.addEffect('f', { kind: 'spike', tag: key, severity: 0.7 })
    const values = Array.from({ length: 30 }, (_, second) => {
      plant.advanceTo(startMs + second * 1_000)
      return plant.read(sensorNumber(plant, key), plant.timeMs)
    })
    const above = values.map((value) => value > 70)
    expect(above.filter(Boolean).length).toBeGreaterThan(8)
    expect(above.filter((isAbove, second) => isAbove !== above[second - 1]).length).toBeGreaterThan(5)
  })

  test('a stuck sensor repeats its last value to the digit', () => {
    const plant = newPlant()
    plant.addEffect('f', { kind: 'stuck_sensor', tag: 'LINE-C/CNC-1/spindle_torque' })
    const number = sensorNumber(plant, 'LINE-C/CNC-1/spindle_torque')
    const values = Array.from({ length: 60 }, (_, second) => {
      plant.advanceTo(startMs + second * 1_000)
      return plant.read(number, plant.timeMs)
    })
    expect(new Set(values).size).toBe(1)
  })

  test('an effect on a place that the plant does not have is refused', () => {
    expect(() => newPlant().addEffect('f', { kind: 'drift', tag: 'LINE-Z/temperature', severity: 1 })).toThrow(
      'LINE-Z/temperature',
    )
    expect(() => newPlant().addEffect('f', { kind: 'bearing_wear', machine: 'LINE-A/PRESS-9', severity: 1 })).toThrow(
      'LINE-A/PRESS-9',
    )
  })
})
