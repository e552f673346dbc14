import type { Clock, Service } from '@jidoka/base'
import type { DeviceFleet } from './devices/fleet.ts'
import type { Mes } from './mes/mes.ts'
import { machineKey } from './plant/plant.ts'
import type { Plant } from './plant/plant.ts'
import { Sampler } from './plant/sampler.ts'

/** 50 ms: fine enough that readings leave within a blink of their instant, coarse enough to send bursts at 5,000/s. */
const tickMs = 50

export interface RunnerOptions {
  readonly plant: Plant
  readonly devices: Pick<DeviceFleet, 'publish'>
  readonly mes: Pick<Mes, 'add'>
  readonly clock: Clock
  /** Plant seconds per second. */
  readonly speed: number
  /** Null: each sensor at its own rate. */
  readonly readingsPerS: number | null
}

/**
 * Lets the plant's time pass beside the world's: reads the sensors that are due, and hands readings and production on with
 * wall-clock instants. Readings come at a rate of the wall clock whatever the speed; speed only moves the plant beneath them.
 */
export class PlantRunner implements Service {
  readonly name = 'plant'
  readonly #options: RunnerOptions
  readonly #sampler: Sampler
  #anchor: { readonly elapsedMs: number; readonly plantMs: number }
  #speed: number
  #cancelTick = () => {}

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#speed = options.speed
    const { plant, clock } = options
    this.#anchor = { elapsedMs: clock.monotonicMs(), plantMs: plant.timeMs }
    const sampled = plant.sensors.map((sensor) => ({
      number: sensor.number,
      periodMs: sensor.periodMs,
      device: machineKey(sensor.line, sensor.equipment),
    }))
    this.#sampler = new Sampler(sampled, clock.monotonicMs())
    if (options.readingsPerS !== null) this.#sampler.readingsPerS = options.readingsPerS
  }

  async start(): Promise<void> {
    this.#anchorNow()
    this.#sampler.skipTo(this.#anchor.elapsedMs)
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#cancelTick()
  }

  get speed(): number {
    return this.#speed
  }

  set speed(speed: number) {
    this.tick()
    this.#anchorNow()
    this.#speed = speed
  }

  get readingsPerS(): number {
    return this.#sampler.readingsPerS
  }

  set readingsPerS(rate: number) {
    this.#sampler.readingsPerS = rate
  }

  /** Does everything that is due now. */
  tick(): void {
    const { plant, devices, mes, clock } = this.#options
    const elapsedMs = clock.monotonicMs()
    const wallMs = clock.nowMs()
    for (const due of this.#sampler.advanceTo(elapsedMs)) {
      const plantMs = this.#plantMs(due.atMs)
      plant.advanceTo(plantMs)
      devices.publish(due.sensor, plant.read(due.sensor, plantMs), Math.floor(wallMs - (elapsedMs - due.atMs)))
    }
    const plantMs = this.#plantMs(elapsedMs)
    plant.advanceTo(plantMs)
    for (const event of plant.takeEvents()) mes.add(event, new Date(wallMs - (plantMs - event.atMs) / this.#speed))
  }

  #plantMs(elapsedMs: number): number {
    return this.#anchor.plantMs + (elapsedMs - this.#anchor.elapsedMs) * this.#speed
  }

  #anchorNow(): void {
    this.#anchor = { elapsedMs: this.#options.clock.monotonicMs(), plantMs: this.#options.plant.timeMs }
  }

  #schedule(): void {
    this.#cancelTick = this.#options.clock.after(tickMs, () => {
      this.tick()
      this.#schedule()
    })
  }
}
