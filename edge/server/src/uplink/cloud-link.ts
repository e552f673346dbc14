import type { Clock, Log, Service } from '@jidoka/base'
import { OperationalError, stopAll } from '@jidoka/base'
import type { CommandResult } from '@jidoka/domain'
import type { UplinkState } from '@jidoka/sync-engine'
import type { Lane, LanePoint, Receipt, ReceiptJudgement } from '@jidoka/sync-protocol'
import { resendRanges } from '../commands/resend.ts'
import { CourierKeyTeller } from '../courier/key-teller.ts'
import { DesiredFollower } from '../downlink/desired-follower.ts'
import { keepDamagedBytes } from '../keeping/damaged-folder.ts'
import type { JournalReader, Pipeline } from '../ports.ts'
import { WorkerClient } from '../threads/worker-client.ts'
import { auditRanges } from './audit.ts'
import type { AuditQuestion, AuditReport } from './audit.ts'
import type { BatchFunctions } from './batch-worker.ts'
import { CloudLine } from './cloud-line.ts'
import { CloudTalk, pointsOf } from './cloud-talk.ts'
import { Enroller } from './enroller.ts'
import type { EdgeIdentity } from './identity.ts'
import { cloudLineLimits } from './limits.ts'
import type { LineStatus } from './line-status.ts'
import type { RangeStretch, RepairQuestion } from './range-rows.ts'
import { Uplink } from './uplink.ts'
import type { Brought } from './brought-receipts.ts'
import type { UplinkMeter, UplinkTracing } from './uplink.ts'

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
  readonly meter: UplinkMeter
  readonly tracing: UplinkTracing
  readonly onFailure: (error: unknown) => void
}

/** All that speaks with the cloud: enrolment first, then the uplink and the follower of the desired state beside each other. */
export class CloudLink implements Service {
  readonly name = 'cloud link'
  readonly #options: CloudLinkOptions
  readonly #line: CloudLine
  readonly #worker: WorkerClient<BatchFunctions>
  readonly #enroller: Enroller | null
  #uplink: Uplink | null = null
  #follower: DesiredFollower | null = null
  #parts: readonly Service[] = []
  #isStopping = false

  constructor(options: CloudLinkOptions) {
    const { cloudUrl, identity, clock, log, status, enrolmentToken: token, dataFolder } = options
    this.#options = options
    this.#line = new CloudLine({ cloudUrl, identity, clock, onRevoked: () => this.#uplink?.poke() })
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

  /** For what goes up beside the lanes; null until this appliance is enrolled. */
  get line(): CloudLine | null {
    return this.#options.identity.enrolled === null ? null : this.#line
  }

  /** Resolves at once: a cloud that is away must not keep the appliance from starting. */
  start(): Promise<void> {
    this.#run().catch(this.#options.onFailure)
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#enroller?.stop()
    await stopAll(this.#follower === null ? this.#parts : [...this.#parts, this.#follower])
    this.#line.close()
    await this.#worker.stop()
  }

  /** How the lanes stand; null while there is no enrolment. */
  get state(): UplinkState | null {
    return this.#uplink?.state ?? null
  }

  /** Tries again now what waits. */
  poke(): void {
    this.#uplink?.poke()
  }

  /** Rows up to here leave in a courier's file. */
  exported(lane: Lane, toSeq: number): void {
    this.#uplink?.exported(lane, toSeq)
  }

  /** A receipt that a courier's file brought; see `Uplink.bring`. */
  bring(receipt: Receipt, judgement: ReceiptJudgement): Promise<Brought> {
    return this.#uplink?.bring(receipt, judgement) ?? Promise.resolve('stopped')
  }

  /** Changes the desired state by another way than the line: nobody follows it meanwhile, and afterwards from where it stands then. */
  async besideFollower<Value>(work: () => Promise<Value>): Promise<Value> {
    await this.#follower?.stop()
    try {
      return await work()
    } finally {
      // One that was made meanwhile has begun where the state stood before.
      await this.#follower?.stop()
      if (this.#follower !== null && !this.#isStopping) await this.#follow(this.#follower.edgeId)
    }
  }

  /** Where the cloud stands in the present epoch; null when it does not say. */
  async cloudPoints(): Promise<Readonly<Record<Lane, LanePoint>> | null> {
    const { identity, reader } = this.#options
    if (identity.enrolled === null) return null
    const talk = new CloudTalk({ line: this.#line, identity, epoch: () => reader.epoch })
    const answer = await talk.cursor(cloudLineLimits.pointsTimeoutMs)
    return answer.kind === 'ok' ? pointsOf(answer.value) : null
  }

  /** Compares the two ends range by range. @throws OperationalError where there is nothing to compare with. */
  audit(question: AuditQuestion): Promise<AuditReport> {
    const { identity, reader } = this.#options
    const { enrolled } = identity
    if (enrolled === null)
      throw new OperationalError('This appliance is not enrolled: there is no other end to compare with.')
    const parts = {
      line: this.#line,
      edgeId: enrolled.edge_id,
      reader,
      recount: (stretch: RangeStretch) => this.#worker.call('recount', stretch),
      repairBatch: (stretch: RepairQuestion) => this.#worker.call('repairBatch', stretch),
      pause: (delayMs: number) => new Promise<void>((resolve) => this.#options.clock.after(delayMs, resolve)),
    }
    return auditRanges(parts, question)
  }

  /** Sends readings once more, range by range. @throws OperationalError where nothing can be sent. */
  resend(lane: Lane, fromSeq: number, toSeq: number): Promise<CommandResult> {
    const { identity, reader, clock } = this.#options
    const { enrolled } = identity
    if (enrolled === null) throw new OperationalError('This appliance is not enrolled: there is nobody to send to.')
    const parts = {
      line: this.#line,
      sender: { edge_id: enrolled.edge_id, epoch: reader.epoch },
      reader,
      repairBatch: (question: RepairQuestion) => this.#worker.call('repairBatch', question),
      pause: (delayMs: number) => new Promise<void>((resolve) => clock.after(delayMs, resolve)),
    }
    return resendRanges(parts, { lane, fromSeq, toSeq })
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
      identity,
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
      meter: this.#options.meter,
      tracing: this.#options.tracing,
      keepPoison: (name, bytes) => keepDamagedBytes(this.#options.dataFolder, name, bytes),
      onFailure: this.#options.onFailure,
    })
    const keyTeller = new CourierKeyTeller({ line: this.#line, identity, pipeline, reader, clock, log, random })
    this.#uplink = uplink
    this.#parts = [uplink, keyTeller]
    for (const part of this.#parts) await part.start()
    await this.#follow(enrolled.edge_id)
  }

  #follow(edgeId: string): Promise<void> {
    const { pipeline, reader, clock, log, random } = this.#options
    this.#follower = new DesiredFollower({ line: this.#line, edgeId, pipeline, reader, clock, log, random })
    return this.#follower.start()
  }
}
