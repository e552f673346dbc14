import type { LocalText } from '@jidoka/domain'
import type { SensorCode, SensorKind } from './sensors.ts'

/** What a machine is made of; physics has one step function for each (`physics/components.ts`). */
export type Component =
  /** Reads the air of the hall. */
  | { readonly is: 'hall' }
  /** A motor on rolling bearings: current, vibration, bearing temperature, and power where `ratedKw` is given. */
  | {
      readonly is: 'drive'
      readonly idleA: number
      readonly loadA: number
      readonly vibration: number
      readonly heatK: number
      readonly ratedKw?: number
    }
  /** A regulated pump and what hangs on it: pressure, oil temperature, flow, and force where there is a cylinder. */
  | { readonly is: 'hydraulics'; readonly bar: number; readonly cylinderCm2: number; readonly flow: number }
  /** A machine tool's main spindle with its motor: speed, torque, current, tool wear. `phaseMs` shifts its cycle against its neighbours'. */
  | { readonly is: 'spindle'; readonly phaseMs: number }
  /** An injection unit: barrel, mould and the pressure that viscosity asks for. */
  | { readonly is: 'injection' }
  /** A quantity under closed-loop control that wanders around its set point. */
  | {
      readonly is: 'regulated'
      readonly sensor: SensorCode
      readonly setPoint: number
      readonly swing: number
      readonly periodMs: number
    }

export interface SensorModel {
  readonly sensor: SensorCode
  /** Where this place differs from its kind: a chiller's 12 °C, a washer's 62 °C. */
  readonly differs?: Partial<Pick<SensorKind, 'name' | 'nominal' | 'limits' | 'noise'>>
}

export interface MachineModel {
  /** Null for the line's own gateway: its sensors belong to the line. */
  readonly code: string | null
  readonly name: LocalText
  readonly components: readonly Component[]
  readonly sensors: readonly SensorModel[]
  /** What a piece made badly by this machine is called. */
  readonly defectCode: string
}

export interface ProductModel {
  readonly code: string
  /** Pieces of an order; orders are cut into lots. */
  readonly orderCount: number
  readonly lotCount: number
}

export interface LineModel {
  readonly code: string
  readonly area: string
  readonly name: LocalText
  readonly cycleMs: number
  /** Share of bad pieces when everything is well. */
  readonly defectShare: number
  /** Mean time between stops, and how long one lasts, in plant time. */
  readonly stopEveryMs: number
  readonly stopMs: readonly [number, number]
  readonly products: readonly [ProductModel, ...ProductModel[]]
  readonly machines: readonly MachineModel[]
}

export interface PlantModel {
  readonly name: LocalText
  readonly timeZone: string
  /** Korea has had no daylight saving time since 1988, so a plain offset is right all year. */
  readonly utcOffsetMs: number
  readonly areas: readonly { readonly code: string; readonly name: LocalText }[]
  readonly lines: readonly LineModel[]
  /** Start of each shift in hours of the site's day, in order. */
  readonly shifts: readonly { readonly code: string; readonly startsAtHour: number }[]
}
