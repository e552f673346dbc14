import type { Clock, Log, Service } from '@jidoka/base'
import { stopAll } from '@jidoka/base'
import type { Lane, Receipt } from '@jidoka/sync-protocol'
import { DesiredFollower } from '../downlink/desired-follower.ts'
import type { JournalReader, Pipeline } from '../ports.ts'
import { WorkerClient } from '../threads/worker-client.ts'
import type { BatchFunctions } from './batch-worker.ts'
import { CloudLine } from './cloud-line.ts'
import { Enroller } from './enroller.ts'
import type { EdgeIdentity } from './identity.ts'
import type { LineStatus } from './line-status.ts'
import { Uplink } from './uplink.ts'

export interface CloudLinkOptions {
  readonly cloudUrl: string
  readonly enrolmentToken: string | undefined
  readonly edgeName: string
  readonly version: string
  readonly dataFolder: string
  readonly identity: EdgeIdentity
  readonly status: LineStatus
  readonly pipeline: Pipeline
  readonly reader: JournalReader
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly onBatch: (lane: Lane, outcome: 'accepted' | 'refused' | 'failed') => void
  readonly onReceipt: (receipt: Receipt, rows: number) => void
  readonly onFailure: (error: unknown) => void
}

/** All that speaks with the cloud: enrolment first, then the uplink and the follower of the desired state beside each other. */
export class CloudLink implements Service {
  readonly name = 'cloud link'
  readonly #options: CloudLinkOptions
  readonly #line: CloudLine
  readonly #worker: WorkerClient<BatchFunctions>
  readonly #enroller: Enroller | null
  #parts: readonly Service[] = []
  #isStopping = false

  constructor(options: CloudLinkOptions) {
    const { cloudUrl, identity, clock, log, status, enrolmentToken: token, dataFolder } = options
    this.#options = options
    this.#line = new CloudLine({ cloudUrl, identity, clock })
    this.#worker = new WorkerClient({
      name: 'batch',
      url: new URL('./batch-worker.ts', import.meta.url),
      data: { dataFolder },
      log,
      waitingMax: 16,
    })
    this.#enroller =
      token === undefined || !identity.isNewToken(token)
        ? null
        : new Enroller({
            line: this.#line,
            identity,
            clock,
            log,
            random: options.random,
            token,
            name: options.edgeName,
            epoch: options.reader.epoch,
            version: options.version,
            onProblem: (problem) => status.set(identity.enrolled === null ? 'not_enrolled' : 'connecting', problem),
          })
  }

  /** Resolves at once: a cloud that is away must not keep the appliance from starting. */
  start(): Promise<void> {
    this.#run().catch(this.#options.onFailure)
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#enroller?.stop()
    await stopAll(this.#parts)
    this.#line.close()
    await this.#worker.stop()
  }

  async #run(): Promise<void> {
    const { identity, status, pipeline, reader, clock, log, random } = this.#options
    if (this.#enroller !== null) {
      status.set('connecting', null)
      await this.#enroller.run()
    }
    const { enrolled } = identity
    if (this.#isStopping) return
    if (enrolled === null) {
      if (this.#enroller === null)
        status.set(
          'not_enrolled',
          'This appliance has no enrolment. Make a token in the console and set it as "cloud.enrolment_token" (JIDOKA_ENROLMENT_TOKEN).',
        )
      return
    }
    const uplink = new Uplink({
      line: this.#line,
      enrolled,
      pipeline,
      reader,
      batches: {
        build: (question) => this.#worker.call('build', question),
        pointAt: (lane, after, seq) => this.#worker.call('pointAt', { lane, after, seq }),
      },
      status,
      clock,
      log,
      random,
      onBatch: this.#options.onBatch,
      onReceipt: this.#options.onReceipt,
      onFailure: this.#options.onFailure,
    })
    const follower = new DesiredFollower({
      line: this.#line,
      edgeId: enrolled.edge_id,
      pipeline,
      reader,
      clock,
      log,
      random,
    })
    this.#parts = [uplink, follower]
    for (const part of this.#parts) await part.start()
  }
}
