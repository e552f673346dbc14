import { uniform } from './random.ts'

/** One reading that is due: which sensor, and at which instant of the sampling clock. */
export interface Due {
  readonly sensor: number
  readonly atMs: number
}

export interface Sampled {
  readonly number: number
  readonly periodMs: number
  /** Sensors of one device with equal periods are read at one instant. */
  readonly device: string
}

/** When a program was kept from running this long (a laptop that slept), the readings in between are lost: sensors do not store. */
const catchUpMsMax = 2_000

/** Which sensors are due when. Time is whatever clock the caller feeds; the rate scales every period alike. */
export class Sampler {
  readonly #sensors: readonly Sampled[]
  readonly #phases: readonly number[]
  readonly #nextMs: number[]
  /** Readings per second at the plant's own rate. */
  readonly naturalRate: number
  #scale = 1
  #nowMs: number

  constructor(sensors: readonly Sampled[], startMs: number) {
    this.#sensors = sensors
    this.naturalRate = sensors.reduce((sum, sensor) => sum + 1_000 / sensor.periodMs, 0)
    const devices = [...new Set(sensors.map((sensor) => sensor.device))]
    this.#phases = sensors.map((sensor) => uniform(0, devices.indexOf(sensor.device), 0))
    this.#nowMs = startMs
    this.#nextMs = sensors.map(() => 0)
    this.#restart()
  }

  get readingsPerS(): number {
    return this.naturalRate * this.#scale
  }

  set readingsPerS(rate: number) {
    this.#scale = rate / this.naturalRate
    this.#restart()
  }

  /** Begins anew at an instant: what was due before it is not read. */
  skipTo(nowMs: number): void {
    this.#nowMs = nowMs
    this.#restart()
  }

  /** Everything due after the last call and up to `nowMs`, in order of time; within one instant in the order of the sensors. */
  advanceTo(nowMs: number): readonly Due[] {
    if (nowMs - this.#nowMs > catchUpMsMax) {
      this.skipTo(nowMs - catchUpMsMax)
    }
    this.#nowMs = Math.max(this.#nowMs, nowMs)
    const due: Due[] = []
    for (const [index, sensor] of this.#sensors.entries()) {
      const periodMs = this.#periodMs(sensor)
      let atMs = this.#nextMs[index] ?? 0
      for (; atMs <= this.#nowMs; atMs += periodMs) due.push({ sensor: sensor.number, atMs })
      this.#nextMs[index] = atMs
    }
    return due.sort((left, right) => left.atMs - right.atMs || left.sensor - right.sensor)
  }

  #periodMs(sensor: Sampled): number {
    return sensor.periodMs / this.#scale
  }

  /** Spreads the devices over their periods, so that they do not all speak at once. */
  #restart(): void {
    for (const [index, sensor] of this.#sensors.entries())
      this.#nextMs[index] = this.#nowMs + this.#periodMs(sensor) * (this.#phases[index] ?? 0)
  }
}
