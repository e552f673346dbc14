import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, stopAll, systemClock } from '@jidoka/base'
import type { Clock, Service } from '@jidoka/base'
import type { LineToCloud } from '@jidoka/contract'
import { DesiredFollower } from '../../downlink/desired-follower.ts'
import { MemoryJournal, someJudgment } from '../../http/testing/memory-journal.ts'
import type { Lane, Receipt } from '@jidoka/sync-protocol'
import { buildBatch, pointAt } from '../batch-builder.ts'
import { CloudLine } from '../cloud-line.ts'
import { Enroller } from '../enroller.ts'
import { EdgeIdentity } from '../identity.ts'
import { LineStatus } from '../line-status.ts'
import { Uplink } from '../uplink.ts'
import { LoopbackCloud } from './loopback-cloud.ts'

/** Waits of the real clock, a hundred times as fast: back-offs of seconds pass in tens of milliseconds, deadlines of requests stay as they are. */
export const hurriedClock: Clock = hurried(100)

function hurried(rate: number): Clock {
  return {
    ...systemClock,
    after: (delayMs, run) => systemClock.after(delayMs / rate, run),
    monotonicMs: () => systemClock.monotonicMs() * rate,
  }
}
export const log = createLog('test', { level: 'silent' })
const random = () => 0.5

export interface LineParts {
  readonly identity: EdgeIdentity
  readonly line: CloudLine
}

/** The edge's end of the line on a journal in memory, with a cloud on loopback at the other. */
export class LineHarness {
  readonly cloud = new LoopbackCloud()
  readonly journal = new MemoryJournal()
  readonly folder = mkdtempSync(join(tmpdir(), 'jidoka-line-'))
  readonly status = new LineStatus(hurriedClock, 'not_enrolled', null)
  /** How much faster than the real one the uplink's clock goes. */
  clockRate = 100
  readonly meter = { batch: () => {}, receipted: () => {}, poison: () => {} }
  readonly poisonFiles = new Map<string, Uint8Array>()
  #uplink: Uplink | null = null
  readonly #services: Service[] = []
  readonly #failures: unknown[] = []

  static async start(): Promise<LineHarness> {
    const harness = new LineHarness()
    await harness.cloud.start()
    return harness
  }

  /** @throws what the uplink reported as its end. */
  async stop(): Promise<void> {
    await stopAll(this.#services)
    await this.cloud.stop()
    rmSync(this.folder, { recursive: true })
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, 'the uplink has failed')
  }

  /** As a start of the program finds them. */
  parts(): LineParts {
    const identity = EdgeIdentity.open(this.folder)
    return {
      identity,
      line: new CloudLine({
        cloudUrl: this.cloud.url,
        identity,
        clock: hurriedClock,
        onRevoked: () => this.#uplink?.poke(),
      }),
    }
  }

  enroller(parts: LineParts, token = this.cloud.token): { readonly made: Enroller; readonly problems: string[] } {
    const problems: string[] = []
    const onProblem = (problem: string) => problems.push(problem)
    const made = new Enroller({
      ...parts,
      clock: hurriedClock,
      log,
      random,
      token,
      name: 'edge',
      epoch: this.journal.epoch,
      version: '0.1.0',
      onProblem,
    })
    return { made, problems }
  }

  async enrolled(): Promise<LineParts> {
    const parts = this.parts()
    if (!(await this.enroller(parts).made.run())) throw new Error('the loopback cloud did not enrol')
    return parts
  }

  async uplink({ line, identity }: LineParts): Promise<Uplink> {
    const { journal } = this
    const uplink = new Uplink({
      line,
      identity,
      pipeline: journal,
      reader: journal,
      batches: {
        build: (question) => Promise.resolve(buildBatch(journal, question)),
        pointAt: (lane, after, seq) => Promise.resolve(pointAt(journal, lane, after, seq)),
      },
      status: this.status,
      clock: hurried(this.clockRate),
      log,
      random,
      meter: this.meter,
      keepPoison: (name, bytes) => this.poisonFiles.set(name, bytes),
      onFailure: (error) => this.#failures.push(error),
    })
    this.#uplink = uplink
    this.#services.push(uplink)
    await uplink.start()
    return uplink
  }

  async follower({ line }: LineParts): Promise<DesiredFollower> {
    const { journal, cloud } = this
    const follower = new DesiredFollower({
      line,
      edgeId: cloud.edgeId,
      pipeline: journal,
      reader: journal,
      clock: hurriedClock,
      log,
      random,
    })
    this.#services.push(follower)
    await follower.start()
    return follower
  }

  addRecord(): Promise<void> {
    return this.journal.appendRecord({ kind: 'judgment', at_ms: 1, body: someJudgment() })
  }

  /** What waits of a lane reaches the cloud by a courier, and its receipt comes back. */
  receiptByCourier(lane: Lane): Promise<Receipt> {
    const { journal, cloud } = this
    const { readingsSeq, recordsSeq } = journal.lanes()
    const built = buildBatch(journal, {
      sender: { edge_id: cloud.edgeId, epoch: journal.epoch },
      lane,
      after: cloud.points[lane],
      lastSeq: lane === 'records' ? recordsSeq : readingsSeq,
      bytesMax: 1_000_000,
    })
    if (built.kind !== 'rows') throw new Error('nothing waits')
    return Promise.resolve(cloud.takeByCourier(built.body))
  }

  isEverythingThere = (): boolean =>
    this.cloud.points.records.seq === this.journal.records.length &&
    this.cloud.points.readings.seq === this.journal.readingsSeq

  view(): LineToCloud {
    return this.status.view(this.journal.lanes(), {
      free_bytes: 0,
      used_bytes: 0,
      horizon_days: null,
      horizon_days_at_day_rate: null,
      problem: null,
      problem_kind: null,
    })
  }
}
