import type { MachineModel } from '../model.ts'
import { sensorKinds } from '../sensors.ts'
import type { SensorCode } from '../sensors.ts'

/** What changes in a machine as time goes by. Components read and write it; nothing else does. */
export interface MachineState {
  readonly model: MachineModel
  /** Its place in the plant: what tells its randomness from its neighbours'. */
  readonly channel: number
  /** 0 idle .. 1 all it can do. */
  load: number
  /** 0 new .. 1 seized. */
  bearingWear: number
  /** Where a fault drives the wear, or null while the bearing is sound. */
  bearingWearTarget: number | null
  /** 0 sharp .. 1 due for a change; of machines with a spindle. */
  toolWear: number
  /** The process itself, before any sensor looks at it. */
  readonly signals: Record<SensorCode, number>
}

/** What a step needs to know of the world around the machine. */
export interface Surroundings {
  readonly seed: number
  readonly timeMs: number
  readonly stepS: number
  readonly hallC: number
  /** Whether the line produces. */
  readonly running: boolean
}

export function newMachine(model: MachineModel, channel: number): MachineState {
  const codes = Object.keys(sensorKinds) as SensorCode[]
  // NaN until the first step, which puts every lag straight at its target: the plant starts warm.
  const signals = Object.fromEntries(codes.map((code) => [code, Number.NaN])) as Record<SensorCode, number>
  // Tools are changed one after the other: neighbours begin at different ages.
  return {
    model,
    channel,
    load: Number.NaN,
    bearingWear: 0.02,
    bearingWearTarget: null,
    toolWear: (channel * 0.37) % 1,
    signals,
  }
}

/** First-order lag, exact for any step: after `lagS` seconds 63 % of the way to the target are gone. */
export function approach(value: number, target: number, lagS: number, stepS: number): number {
  return Number.isNaN(value) ? target : value + (target - value) * (1 - Math.exp(-stepS / lagS))
}
