import { OperationalError } from '@jidoka/base'
import type { Clock, Log, Service } from '@jidoka/base'
import { sensorTopic } from '@jidoka/contract'
import { machineKey } from '../plant/plant.ts'
import type { PlacedSensor, Plant } from '../plant/plant.ts'
import { uniform } from '../plant/random.ts'
import { badMessages } from './bad-payloads.ts'
import { deviceLogin } from './credentials.ts'
import type { DeviceSecrets } from './credentials.ts'
import { Device } from './device.ts'
import type { DeviceCounts } from './device.ts'
import { RollCall } from './roll-call.ts'

/** Between two bad messages at severity 0 and 1. Faster would only test the dead-letter list's bound, which it does anyway. */
const badEveryMs = [2_000, 250] as const

export interface FleetOptions {
  readonly plant: Plant
  readonly mqttUrl: string
  /** Null signs every device in without a password. */
  readonly secrets: DeviceSecrets | null
  /** Sent with each reading; null leaves it to the edge. */
  readonly tenantId: string | null
  readonly clock: Clock
  readonly log: Log
}

/** All devices of the plant: one a machine, and each line's gateway. */
export class DeviceFleet implements Service {
  readonly name = 'devices'
  readonly #devices: ReadonlyMap<string, Device>
  readonly #sensors: readonly PlacedSensor[]
  readonly #topics: readonly string[]
  readonly #tenantId: string | null
  readonly #clock: Clock
  readonly #roll: RollCall
  readonly #cancelBad = new Set<() => void>()

  constructor(options: FleetOptions) {
    this.#sensors = options.plant.sensors
    this.#topics = this.#sensors.map((sensor) =>
      sensorTopic({ line: sensor.line, equipment: sensor.equipment, sensor: sensor.sensor }),
    )
    this.#tenantId = options.tenantId
    this.#clock = options.clock
    const machines = options.plant.model.lines.flatMap((line) =>
      line.machines.map((machine) => ({ line: line.code, equipment: machine.code })),
    )
    this.#roll = new RollCall({ log: options.log, broker: options.mqttUrl, deviceCount: machines.length })
    this.#devices = new Map(
      machines.map(({ line, equipment }, index) => {
        const login = deviceLogin(line, equipment)
        const account = { login, secret: options.secrets === null ? null : secretOf(options.secrets, login) }
        const jitter = uniform(options.plant.seed, 3_000_000, index)
        return [
          machineKey(line, equipment),
          new Device({
            url: options.mqttUrl,
            account,
            clock: options.clock,
            jitter,
            tell: (news, detail) => this.#roll.hear(login, news, detail),
          }),
        ]
      }),
    )
  }

  async start(): Promise<void> {
    for (const device of this.#devices.values()) device.start()
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancelBad) cancel()
    await Promise.all([...this.#devices.values()].map((device) => device.stop()))
  }

  /** Publishes a reading of a sensor with its wall-clock instant. */
  publish(sensorNumber: number, value: number, atMs: number): void {
    const sensor = this.#sensors[sensorNumber]
    const topic = this.#topics[sensorNumber]
    if (sensor === undefined || topic === undefined) throw new RangeError(`there is no sensor ${sensorNumber}`)
    const tenant = this.#tenantId === null ? {} : { tenant_id: this.#tenantId }
    const payload = JSON.stringify({ ...tenant, value, unit: sensor.unit, timestamp: new Date(atMs).toISOString() })
    this.#device(machineKey(sensor.line, sensor.equipment)).publish({ topic, payload })
  }

  /** Pulls a machine's plug; the returned function puts it back. */
  kill(machine: string, reason: string): () => void {
    return this.#device(machine).die(reason)
  }

  /** Makes a machine's device say nonsense beside its readings, one kind after the other; the returned function ends it. */
  corrupt(machine: string, severity: number): () => void {
    const device = this.#device(machine)
    const sensor = this.#sensors.find((each) => machineKey(each.line, each.equipment) === machine)
    if (sensor === undefined) throw new RangeError(`the machine ${machine} has no sensor`)
    const everyMs = badEveryMs[0] + (badEveryMs[1] - badEveryMs[0]) * severity
    let turn = 0
    const next = () => {
      const messages = badMessages(sensor.key, sensor.unit, this.#clock.nowMs())
      const message = messages[turn++ % messages.length]
      if (message?.mayHangUp) device.fling(message)
      else if (message !== undefined) device.publish(message)
      cancel = this.#clock.after(everyMs, next)
    }
    let cancel = this.#clock.after(0, next)
    const end = () => {
      cancel()
      this.#cancelBad.delete(end)
    }
    this.#cancelBad.add(end)
    return end
  }

  get counts(): Readonly<DeviceCounts> {
    const sum = { published: 0, acknowledged: 0, dropped: 0 }
    for (const { counts } of this.#devices.values()) {
      sum.published += counts.published
      sum.acknowledged += counts.acknowledged
      sum.dropped += counts.dropped
    }
    return sum
  }

  get onlineCount(): number {
    return this.#roll.onlineCount
  }

  #device(machine: string): Device {
    const device = this.#devices.get(machine)
    if (device === undefined) throw new RangeError(`the plant has no machine ${machine}`)
    return device
  }
}

function secretOf(secrets: DeviceSecrets, login: string): string {
  const secret = secrets[login]
  if (secret === undefined)
    throw new OperationalError(
      `The devices file has no secret for "${login}". Run the command "devices" again: it adds what is missing.`,
    )
  return secret
}
