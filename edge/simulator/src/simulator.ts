import type { Fault, PlantState } from '@jidoka/contract'
import type { DeviceFleet } from './devices/fleet.ts'
import type { FaultBook, FaultRequest } from './faults/fault-book.ts'
import type { Mes } from './mes/mes.ts'
import type { Relay } from './net/relay.ts'
import type { PlantRunner } from './plant-runner.ts'
import type { Plant } from './plant/plant.ts'

/** What the HTTP API may do with the simulator; nothing else reaches its parts from outside. */
export interface SimulatorControl {
  state(): PlantState
  setPace(pace: { speed?: number | undefined; readings_per_s?: number | undefined }): void
  /** Throws FaultRefusedError. */
  addFault(request: FaultRequest): Fault
  faults(): readonly Fault[]
  removeFault(id: string): boolean
  removeAllFaults(): number
  /** Figures for metrics that the state does not hold. */
  figures(): { readonly devicesOnline: number; readonly readingsDropped: number }
}

export interface SimulatorParts {
  readonly plant: Plant
  readonly runner: PlantRunner
  readonly devices: DeviceFleet
  readonly mes: Mes
  readonly line: Relay | null
  readonly faults: FaultBook
}

export function controlOf(parts: SimulatorParts): SimulatorControl {
  const { plant, runner, devices, mes, line, faults } = parts
  return {
    state() {
      const { published, acknowledged } = devices.counts
      return {
        seed: plant.seed,
        speed: runner.speed,
        readings_per_s: Math.round(runner.readingsPerS * 10) / 10,
        readings_published_total: published,
        readings_acknowledged_total: acknowledged,
        plant_time: new Date(plant.timeMs).toISOString(),
        line_to_cloud: line === null ? 'none' : line.up ? 'up' : 'cut',
        mes: mes.up ? 'up' : 'down',
        faults: [...faults.list()],
        targets: faults.targets(),
      }
    },
    setPace(pace) {
      if (pace.speed !== undefined) runner.speed = pace.speed
      if (pace.readings_per_s !== undefined) runner.readingsPerS = pace.readings_per_s
    },
    addFault: (request) => faults.add(request),
    faults: () => faults.list(),
    removeFault: (id) => faults.remove(id),
    removeAllFaults: () => faults.removeAll(),
    figures: () => ({ devicesOnline: devices.onlineCount, readingsDropped: devices.counts.dropped }),
  }
}
