import { createLog, silentTracer } from '@jidoka/base'
import { openPipeline, openReader } from '../../pipeline/index.ts'
import type { OpenPipeline } from '../../pipeline/open-pipeline.ts'
import type { StoreReader } from '../../store/journal-reader.ts'
import { CloudLink } from '../cloud-link.ts'
import { EdgeIdentity } from '../identity.ts'
import { LineKeeper } from '../line-keeper.ts'
import { LineStatus } from '../line-status.ts'
import { SyncDesk } from '../sync-desk.ts'
import { hurriedClock } from './line-harness.ts'
import type { LoopbackCloud } from './loopback-cloud.ts'

const log = createLog('test', { level: 'silent' })

/** An appliance's journal and line on a real folder, without what stands around them. */
export class LineOnFolder {
  readonly pipeline: OpenPipeline
  readonly reader: StoreReader
  readonly identity: EdgeIdentity
  readonly status = new LineStatus(hurriedClock, 'not_enrolled', null)
  readonly line: LineKeeper
  readonly desk: SyncDesk
  readonly failures: unknown[] = []

  private constructor(folder: string, pipeline: OpenPipeline, cloud: LoopbackCloud) {
    this.pipeline = pipeline
    this.reader = openReader({ dataFolder: folder })
    this.identity = EdgeIdentity.open(folder)
    const { reader, identity, status } = this
    const parts = { pipeline, reader, clock: hurriedClock, log, random: () => 0.5 }
    this.line = new LineKeeper(
      () =>
        new CloudLink({
          ...parts,
          cloudUrl: cloud.url,
          enrolmentToken: cloud.token,
          edgeName: 'edge',
          version: '0.1.0',
          dataFolder: folder,
          identity,
          status,
          meter: { batch: () => {}, receipted: () => {}, poison: () => {} },
          tracing: { tracer: silentTracer, linksTo: () => [] },
          onFailure: (error) => this.failures.push(error),
        }),
    )
    this.desk = new SyncDesk({ ...parts, line: this.line, lineToCloud: () => this.lineToCloud() })
  }

  static async open(folder: string, cloud: LoopbackCloud): Promise<LineOnFolder> {
    const pipeline = await openPipeline({ dataFolder: folder, tenantId: 'acme', log })
    const made = new LineOnFolder(folder, pipeline, cloud)
    await made.line.start()
    return made
  }

  lineToCloud() {
    const disk = { free_bytes: 0, used_bytes: 0, horizon_days: null, horizon_days_at_day_rate: null }
    return this.status.view(this.reader.lanes(), { ...disk, problem: null, problem_kind: null })
  }

  /** Each value as a reading of its own; resolves when they are on disk. */
  async send(values: readonly number[]): Promise<void> {
    const publish = (value: number) =>
      new Promise<void>((resolve, reject) =>
        this.pipeline.ingest(
          {
            topic: 'sensor/LINE-A/PRESS-1/temperature',
            source: 'press-1',
            qos: 1,
            payload: Buffer.from(
              JSON.stringify({ tenant_id: 'acme', value, unit: 'C', timestamp: new Date().toISOString() }),
            ),
          },
          (error) => (error === null ? resolve() : reject(error)),
        ),
      )
    await Promise.all(values.map(publish))
  }

  isEverythingReceipted = (): boolean => {
    const { readingsSeq, recordsSeq } = this.reader.lanes()
    const { readings, records } = this.reader.receipted()
    const start = this.reader.startSeqs()
    return (
      (readings?.up_to_seq ?? start.readings - 1) === readingsSeq &&
      (records?.up_to_seq ?? start.records - 1) === recordsSeq
    )
  }

  /** @throws what the line reported as its end. */
  async stop(): Promise<void> {
    await this.desk.stop()
    await this.line.stop()
    this.reader.close()
    await this.pipeline.stop()
    if (this.failures.length > 0) throw new AggregateError(this.failures, 'the line has failed')
  }
}
