import assert from 'node:assert/strict'
import { tagKey } from '@jidoka/domain'
import type { LocalText, TagLimits } from '@jidoka/domain'
import { sensorError } from './effects.ts'
import type { Effect } from './effects.ts'
import type { LineModel, PlantModel } from './model.ts'
import { defectShareOf, stepMachine } from './physics/components.ts'
import { newMachine } from './physics/machine.ts'
import type { MachineState } from './physics/machine.ts'
import type { ProductionEvent } from './production/events.ts'
import { LineProduction } from './production/line-production.ts'
import { shiftAt } from './production/shift.ts'
import { bell, Draws, wander } from './random.ts'
import { sensorKinds } from './sensors.ts'
import type { SensorCode, SensorKind } from './sensors.ts'

/** 200 ms: the period of the fastest sensor. Longer, and a spindle's transitions (0.8 s) become stairs; shorter only costs time. */
export const stepMs = 200

/** A sensor in its place. `number` is its index in `Plant.sensors`. */
export interface PlacedSensor extends SensorKind {
  readonly number: number
  readonly key: string
  readonly line: string
  readonly area: string
  readonly equipment: string | null
  readonly sensor: SensorCode
  readonly machineName: LocalText
  /** From nominal to the limit that faults aim at, with its sign. */
  readonly span: number
}

interface Line {
  readonly model: LineModel
  readonly index: number
  readonly machines: readonly MachineState[]
  readonly production: LineProduction
}

/**
 * A plant in its own time: no I/O, no clock, no randomness but the seed's. It moves in fixed steps, so a value depends on
 * the seed, the start and the instant, never on how often or in what portions it was asked.
 */
export class Plant {
  readonly model: PlantModel
  readonly sensors: readonly PlacedSensor[]
  readonly #seed: number
  readonly #lines: readonly Line[]
  /** The machine behind each sensor. */
  readonly #machineOf: readonly MachineState[]
  readonly #machines: ReadonlyMap<string, MachineState>
  readonly #effects = new Map<string, { effect: Effect; sinceMs: number; stuckAt: number | null }>()
  #events: ProductionEvent[] = []
  #timeMs: number

  /** @param startMs plant time at the start, milliseconds since 1970 UTC; rounded down to a whole step. */
  constructor(model: PlantModel, options: { seed: number; startMs: number }) {
    this.model = model
    this.#seed = options.seed
    this.#timeMs = options.startMs - (options.startMs % stepMs)
    const stamp = new Date(this.#timeMs).toISOString().replace(/\D/g, '').slice(2, 14)
    let channel = 0
    this.#lines = model.lines.map((line, index) => ({
      model: line,
      index,
      machines: line.machines.map((machine) => newMachine(machine, channel++)),
      production: new LineProduction(line, stamp, new Draws(this.#seed, 1_000_000 + index), (event) =>
        this.#events.push(event),
      ),
    }))
    const placed = this.#lines.flatMap((line) =>
      line.machines.flatMap((machine) => machine.model.sensors.map((sensor) => ({ line, machine, sensor }))),
    )
    this.sensors = placed.map(({ line, machine, sensor }, number) =>
      place(number, line.model, machine, sensor.sensor, sensor.differs ?? {}),
    )
    this.#machineOf = placed.map(({ machine }) => machine)
    this.#machines = new Map(
      this.#lines.flatMap((line) =>
        line.machines.map((machine) => [machineKey(line.model.code, machine.model.code), machine]),
      ),
    )
    this.#settle()
  }

  /** Plant time, a whole number of steps. */
  get timeMs(): number {
    return this.#timeMs
  }

  get seed(): number {
    return this.#seed
  }

  /** Lets plant time pass up to the last whole step at or before `timeMs`. */
  advanceTo(timeMs: number): void {
    while (this.#timeMs + stepMs <= timeMs) {
      this.#timeMs += stepMs
      this.#step()
    }
  }

  /** What a sensor reads at an instant of the present step (up to `stepMs` ahead): the process, its own noise, and its faults. */
  read(sensorNumber: number, atMs: number): number {
    const sensor = this.sensors[sensorNumber]
    const machine = this.#machineOf[sensorNumber]
    assert(sensor !== undefined && machine !== undefined, `there is no sensor ${sensorNumber}`)
    let value =
      machine.signals[sensor.sensor] + sensor.noise * bell(this.#seed, 100_000 + sensorNumber, Math.floor(atMs))
    for (const active of this.#effects.values()) {
      if (!('tag' in active.effect) || active.effect.tag !== sensor.key) continue
      if (active.effect.kind === 'stuck_sensor') return (active.stuckAt ??= rounded(value, sensor.decimals))
      value += sensorError(active.effect, Math.max(0, atMs - active.sinceMs), sensor.span, sensor.periodMs)
    }
    return rounded(value, sensor.decimals)
  }

  /** Production events since the last call, in order. */
  takeEvents(): readonly ProductionEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** Starts an effect at the present plant time. Throws a RangeError for a tag or machine that the plant does not have. */
  addEffect(id: string, effect: Effect): void {
    if ('machine' in effect) this.#machine(effect.machine)
    else if (!this.sensors.some((sensor) => sensor.key === effect.tag))
      throw new RangeError(`the plant has no tag ${effect.tag}`)
    this.#effects.set(id, { effect, sinceMs: this.#timeMs, stuckAt: null })
    this.#applyWear()
  }

  removeEffect(id: string): void {
    this.#effects.delete(id)
    this.#applyWear()
  }

  /** How worn a machine's bearing is, 0..1. */
  bearingWear(key: string): number {
    return this.#machine(key).bearingWear
  }

  #machine(key: string): MachineState {
    const machine = this.#machines.get(key)
    if (machine === undefined) throw new RangeError(`the plant has no machine ${key}`)
    return machine
  }

  #applyWear(): void {
    for (const machine of this.#machines.values()) machine.bearingWearTarget = null
    for (const { effect } of this.#effects.values()) {
      if (effect.kind !== 'bearing_wear') continue
      const machine = this.#machine(effect.machine)
      machine.bearingWearTarget = Math.max(machine.bearingWearTarget ?? 0, 0.35 + 0.65 * effect.severity)
    }
  }

  #step(): void {
    const shift = shiftAt(this.model, this.#timeMs)
    for (const line of this.#lines) {
      this.#stepMachines(line)
      const contributors = line.machines.flatMap((machine) =>
        machine.model.code === null
          ? []
          : [
              {
                code: machine.model.code,
                defectCode: machine.model.defectCode,
                defectShare: Math.min(0.9, defectShareOf(machine)),
              },
            ],
      )
      line.production.step(this.#timeMs, stepMs, shift, contributors)
    }
  }

  #stepMachines(line: Line): void {
    const around = {
      seed: this.#seed,
      timeMs: this.#timeMs,
      stepS: stepMs / 1_000,
      hallC: this.#hallC(line),
      running: line.production.running,
    }
    for (const machine of line.machines) stepMachine(machine, around)
  }

  /** Puts every quantity at its steady state, as in a plant that has run for a day. */
  #settle(): void {
    for (const line of this.#lines) this.#stepMachines(line)
  }

  /** Air of a line's hall: warmest in the afternoon, and never quite the same beside two lines. */
  #hallC(line: Line): number {
    const dayPart = ((this.#timeMs + this.model.utcOffsetMs) / 86_400_000) % 1
    return (
      24 +
      2 * Math.sin((dayPart - 0.375) * 2 * Math.PI) +
      wander(this.#seed, 2_000_000 + line.index, this.#timeMs, 1_800_000)
    )
  }
}

/** How faults and people name a machine: "LINE-A/PRESS-1", or "LINE-A" for the line's gateway. */
export const machineKey = (line: string, equipment: string | null): string =>
  equipment === null ? line : `${line}/${equipment}`

function place(
  number: number,
  line: LineModel,
  machine: MachineState,
  sensor: SensorCode,
  differs: Partial<SensorKind>,
): PlacedSensor {
  const kind: SensorKind = { ...sensorKinds[sensor], ...differs }
  const { code } = machine.model
  return {
    ...kind,
    number,
    key: tagKey({ line: line.code, equipment: code, sensor }),
    line: line.code,
    area: line.area,
    equipment: code,
    sensor,
    machineName: machine.model.name,
    span: spanOf(kind.nominal, kind.limits),
  }
}

/** Upwards where there is an upper limit, else downwards. */
function spanOf(nominal: number, limits: TagLimits): number {
  const limit = limits.high ?? limits.low
  assert(limit !== undefined, 'every sensor has a limit on one side')
  return limit - nominal
}

/** One digit more than screens show, as transmitters send it. */
function rounded(value: number, decimals: number): number {
  const scale = 10 ** (decimals + 1)
  return Math.round(value * scale) / scale
}
