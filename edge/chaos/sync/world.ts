import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hashDeviceSecret, newDeviceSecret } from '@jidoka/base'
import type { RuleDefinition } from '@jidoka/domain'
import { edgeNodeArguments, edgeNodeEnvironment } from '../../server/node-arguments.mjs'
import { openReader } from '../../server/src/pipeline/index.ts'
import { Crowd } from '../modes/crowd.ts'
import { line as lineCode } from '../publisher/kinds.ts'
import type { PublisherKind } from '../publisher/kinds.ts'
import { tenantId } from '../subject/options.ts'
import { pause } from '../until.ts'
import { CloudClient } from './cloud-client.ts'
import type { CloudStore } from './cloud-store.ts'
import { freePort } from './free-port.ts'
import type { Line } from './line.ts'
import { Program } from './program.ts'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const edgeProgram = file('../../server/src/main.ts')
const cloudProgram = file('../../../cloud/server/src/main.ts')
const smallLimits = file('./small-limits.ts')
/** Its modules are compiled once for all lives. */
const compileCache = file('../node_modules/.cache/modules')

const login = 'chaos'

/** Enrolment, deployment of rules, and coming to rest take a second or two; a minute allows for a machine under load. */
const waitMsMax = 60_000
const lookEveryMs = 50
/** So long both ends must stand still: longer than an edge gathers rows, a heartbeat, and a record of an outage take. */
const restMs = 900

export interface WorldOptions {
  readonly folder: string
  readonly store: CloudStore
  /** Makes the line to a port of loopback. */
  readonly openLine: (targetPort: number) => Promise<Line>
  readonly rules: readonly RuleDefinition[]
  readonly kinds?: readonly PublisherKind[]
  /** Messages a second of each publisher. */
  readonly rateMax: number
  /** Whether the appliance waits for minutes, as it does in a plant; see small-limits.ts. */
  readonly isPatient?: boolean
}

/** One real appliance, one real cloud, the line between them, and the devices of the plant. */
export class World {
  /** Data folder of the appliance that `startEdge` starts. */
  edgeFolder: string
  readonly store: CloudStore
  readonly line: Line
  readonly crowd: Crowd
  readonly client: CloudClient
  readonly #options: WorldOptions
  readonly #cloudPort: number
  readonly #password = randomBytes(12).toString('base64url')
  #token = ''
  #edgeId = ''
  #edge: Program<{ readonly mqtt: string }> | null = null
  #cloud: Program<unknown> | null = null
  #copy: Program<{ readonly mqtt: string }> | null = null

  private constructor(options: WorldOptions, line: Line, cloudPort: number, secret: string) {
    this.#options = options
    this.#cloudPort = cloudPort
    this.edgeFolder = join(options.folder, 'edge')
    this.store = options.store
    this.line = line
    this.client = new CloudClient(`http://127.0.0.1:${cloudPort}`)
    this.crowd = new Crowd({
      rateMax: options.rateMax,
      ...(options.kinds === undefined ? {} : { kinds: options.kinds }),
      credentials: { login, secret },
    })
  }

  /** Both ends started, enrolled, and the rules in force. */
  static async open(options: WorldOptions): Promise<World> {
    mkdirSync(options.folder, { recursive: true })
    const secret = newDeviceSecret()
    const device = { login, secret_hash: hashDeviceSecret(secret), lines: [lineCode], role: 'device' }
    writeFileSync(join(options.folder, 'devices.json'), JSON.stringify([device]), { mode: 0o600 })
    const cloudPort = await freePort()
    const world = new World(options, await options.openLine(cloudPort), cloudPort, secret)
    try {
      await world.startCloud()
      await world.client.signIn(world.#password)
      world.#token = await world.client.enrolmentToken()
      await world.startEdge()
      await world.#until('the edge to be enrolled', async () => {
        world.#edgeId = (await world.client.edges())[0]?.id ?? ''
        return world.#edgeId !== ''
      })
      for (const rule of options.rules) await world.client.deploy(world.#edgeId, rule)
      await world.#until('the rules to be in force', async () => (await world.#cloudEdge())?.pending_items === 0)
      return world
    } catch (error) {
      await world.close()
      throw error
    }
  }

  get edgeId(): string {
    return this.#edgeId
  }

  get isEdgeRunning(): boolean {
    return this.#edge !== null && !this.#edge.hasEnded
  }

  get isCloudRunning(): boolean {
    return this.#cloud !== null && !this.#cloud.hasEnded
  }

  /** @throws when it does not open, or a device is not let in */
  async startEdge(): Promise<void> {
    this.#edge = this.#appliance('the appliance', this.edgeFolder)
    const { mqtt } = await this.#edge.ready()
    await this.publishTo(mqtt)
  }

  /** A second appliance on a copy of the first one's data folder, beside it. @returns where its broker listens */
  async startCopy(dataFolder: string): Promise<string> {
    this.#copy = this.#appliance('the copy', dataFolder)
    const { mqtt } = await this.#copy.ready()
    return mqtt
  }

  async killCopy(): Promise<void> {
    await this.#copy?.kill()
    this.#copy = null
  }

  /** The devices publish to this broker from now on. @throws when one is not let in */
  async publishTo(mqtt: string): Promise<void> {
    this.crowd.resume()
    if (!(await this.crowd.connect(Number(new URL(mqtt).port))))
      throw new Error('the appliance did not let the publishers in')
  }

  #appliance(name: string, dataFolder: string): Program<{ readonly mqtt: string }> {
    const { folder, isPatient = false } = this.#options
    const preloaded = isPatient ? [] : ['--import', smallLimits]
    return new Program(name, {
      argv: [...edgeNodeArguments, ...preloaded, edgeProgram],
      environment: {
        ...edgeNodeEnvironment(compileCache),
        JIDOKA_DATA: dataFolder,
        JIDOKA_TENANT: tenantId,
        JIDOKA_HTTP_PORT: '0',
        JIDOKA_MQTT_PORT: '0',
        JIDOKA_DEVICES: join(folder, 'devices.json'),
        JIDOKA_ADMIN_PASSWORD: this.#password,
        JIDOKA_CLOUD_URL: this.line.url,
        JIDOKA_ENROLMENT_TOKEN: this.#token,
        // The disk of whoever runs this may be nearly full.
        JIDOKA_KEEP_HIGH_WATER_PERCENT: '98',
        JIDOKA_KEEP_RESERVE_BYTES: String(16 * 1024 * 1024),
        JIDOKA_LOG_LEVEL: 'debug',
      },
      log: join(folder, 'edge.log'),
    })
  }

  async startCloud(): Promise<void> {
    const { folder, store } = this.#options
    this.#cloud = new Program('the cloud', {
      argv: [cloudProgram],
      environment: {
        NODE_COMPILE_CACHE: compileCache,
        JIDOKA_CLOUD_HTTP_PORT: String(this.#cloudPort),
        JIDOKA_CLOUD_TENANT: tenantId,
        JIDOKA_CLOUD_ADMIN_PASSWORD: this.#password,
        JIDOKA_CLOUD_LOG_LEVEL: 'warn',
        ...store.environment,
      },
      log: join(folder, 'cloud.log'),
    })
    await this.#cloud.ready()
  }

  async killEdge(): Promise<void> {
    await this.#edge?.kill()
    this.crowd.disconnect()
  }

  async stopEdge(): Promise<void> {
    await this.#edge?.stop()
    this.crowd.disconnect()
  }

  async killCloud(): Promise<void> {
    await this.#cloud?.kill()
  }

  async stopCloud(): Promise<void> {
    await this.#cloud?.stop()
  }

  /** Everything runs again on a line as new, nothing new is published, and both ends have come to rest. @throws when they do not */
  async rest(): Promise<void> {
    await this.line.heal()
    if (!this.isCloudRunning) await this.startCloud()
    if (!this.isEdgeRunning) await this.startEdge()
    await this.quieten()
    const reader = openReader({ dataFolder: this.edgeFolder })
    let restingSinceMs = performance.now()
    let stood = ''
    try {
      await this.#until(
        'both ends to come to rest',
        async () => {
          const held = reader.lanes()
          const { readings, records } = reader.receipted()
          const cloud = await this.#cloudLanes(reader.epoch)
          const isEven =
            readings?.up_to_seq === held.readingsSeq &&
            records?.up_to_seq === held.recordsSeq &&
            cloud.get('readings') === held.readingsSeq &&
            cloud.get('records') === held.recordsSeq
          const stands = JSON.stringify([held, readings?.up_to_seq, records?.up_to_seq, [...cloud]])
          if (!isEven || stands !== stood) restingSinceMs = performance.now()
          stood = stands
          return performance.now() > restingSinceMs + restMs
        },
        () => `last number of each lane, those receipted, and those of the cloud: ${stood}`,
      )
    } finally {
      reader.close()
    }
  }

  /** The devices publish nothing more, and everything that they had sent is acknowledged. @throws when it is not */
  async quieten(): Promise<void> {
    if (!(await this.crowd.settle())) throw new Error('what was under way was never acknowledged')
    this.crowd.disconnect()
  }

  /** @throws after a minute, with what was waited for */
  until(what: string, holds: () => Promise<boolean>): Promise<void> {
    return this.#until(what, holds)
  }

  async openTroubles(): Promise<number> {
    return (await this.#cloudEdge())?.open_troubles ?? 0
  }

  async close(): Promise<void> {
    this.crowd.disconnect()
    await this.#edge?.kill()
    await this.#copy?.kill()
    await this.#cloud?.kill()
    await this.line.close()
    await this.store.close()
  }

  async #cloudEdge() {
    return (await this.client.edges()).find(({ id }) => id === this.#edgeId)
  }

  async #cloudLanes(epoch: string): Promise<ReadonlyMap<string, number>> {
    const lanes = (await this.#cloudEdge())?.lanes ?? []
    return new Map(lanes.filter((each) => each.epoch === epoch).map((each) => [each.lane, each.received_seq]))
  }

  async #until(what: string, holds: () => Promise<boolean>, more: () => string = () => ''): Promise<void> {
    const deadlineMs = performance.now() + waitMsMax
    while (!(await holds())) {
      for (const program of [this.#edge, this.#cloud]) program?.failIfEnded()
      if (performance.now() > deadlineMs) throw new Error(`waited ${waitMsMax / 1_000} s for ${what}. ${more()}`)
      await pause(lookEveryMs)
    }
  }
}
