import { randomUUID } from 'node:crypto'
import type { Clock, Log, Service } from '@jidoka/base'
import { describeError, OperationalError } from '@jidoka/base'
import type { EpochBegun, LineToCloud, SyncAudit, SyncStatus } from '@jidoka/contract'
import { uplinkStatus } from '@jidoka/sync-engine'
import type { Lane } from '@jidoka/sync-protocol'
import { z } from 'zod'
import { instant } from '../board/views.ts'
import type { JournalReader, Pipeline } from '../ports.ts'
import type { AuditQuestion, AuditReport } from './audit.ts'
import { differsAt, nextEpochStart } from './epoch-start.ts'
import type { LineKeeper } from './line-keeper.ts'

export interface SyncDeskOptions {
  /** Null where no cloud is configured. */
  readonly line: LineKeeper | null
  readonly pipeline: Pick<Pipeline, 'beginEpoch' | 'appendRecord' | 'saveSetting'>
  readonly reader: Pick<JournalReader, 'epoch' | 'startSeqs' | 'lanes' | 'receiptHistory' | 'storedMs' | 'setting'>
  readonly lineToCloud: () => LineToCloud
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

/** It cannot be done now, or not so; the sentence says why. */
export class SyncDeskError extends OperationalError {
  override name = 'SyncDeskError'
}

const deskLimits = {
  /** Receipts that are looked through for one that both ends agree upon. */
  receiptsSearchedMax: 1_000,
  /** The two ends are compared once a day; the first time of a start within the first day, anywhere, so that a fleet does not ask all at once. */
  auditEveryMs: 86_400_000,
} as const

const lastAuditSetting = 'sync_audit'
const lastAuditSchema = z.strictObject({
  at_ms: z.number().int(),
  is_whole: z.boolean(),
  differences: z.number().int(),
})
type LastAudit = z.infer<typeof lastAuditSchema>

const nothing: SyncAudit = { state: 'none', started_at: null, ended_at: null, problem: null, report: null }

/** What people and the command line ask of the line to the cloud, and the daily comparison of its two ends. */
export class SyncDesk implements Service {
  readonly name = 'sync desk'
  readonly #options: SyncDeskOptions
  #audit: SyncAudit = nothing
  #abort: AbortController | null = null
  #cancelDaily: () => void = () => {}
  #isBeginning = false

  constructor(options: SyncDeskOptions) {
    this.#options = options
  }

  start(): Promise<void> {
    if (this.#options.line !== null) this.#auditLater(deskLimits.auditEveryMs * this.#options.random())
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#cancelDaily()
    this.#abort?.abort()
    return Promise.resolve()
  }

  status(): SyncStatus {
    const { line, reader, lineToCloud, clock } = this.#options
    const { state, since, problem, lanes, last_receipt } = lineToCloud()
    const uplink = line?.link.state ?? null
    const told = uplink === null ? null : uplinkStatus(uplink)
    const startSeqs = reader.startSeqs()
    const last = this.lastAudit()
    return {
      epoch: reader.epoch,
      state,
      since,
      problem,
      lanes: lanes.map((lane) => {
        const its = told?.lanes.find((each) => each.lane === lane.lane)
        const storedMs = lane.waiting_rows === 0 ? null : reader.storedMs(lane.lane, lane.receipted_seq + 1)
        return {
          ...lane,
          start_seq: startSeqs[lane.lane],
          oldest_unsent_s: storedMs === null ? null : Math.max(0, (clock.nowMs() - storedMs) / 1_000),
          rows_per_second: its?.rowsPerSecond ?? null,
          seconds_left: its?.secondsLeft ?? null,
          problem: its?.problem ?? null,
        }
      }),
      troubles: (told?.troubles ?? []).map(({ kind, lane, seq, since_ms, sentence }) => ({
        kind,
        lane,
        seq,
        since: instant(since_ms),
        sentence,
      })),
      last_receipt,
      last_audit:
        last === null ? null : { at: instant(last.at_ms), is_whole: last.is_whole, differences: last.differences },
    }
  }

  lastAudit(): LastAudit | null {
    const stored = lastAuditSchema.safeParse(JSON.parse(this.#options.reader.setting(lastAuditSetting) ?? 'null'))
    return stored.success ? stored.data : null
  }

  /** Somebody will not wait for the next try. */
  tryNow(): void {
    this.#options.line?.link.poke()
  }

  /**
   * Ends the present epoch and begins another in the same numbers: what an appliance needs that was copied, or restored from an image.
   * @param present first eight characters of the present epoch
   * @throws SyncDeskError
   */
  async beginEpoch(present: string, actor: string): Promise<EpochBegun> {
    const { reader, pipeline, log } = this.#options
    const line = this.#line()
    const former = reader.epoch
    if (!former.startsWith(present))
      throw new SyncDeskError(
        `The present epoch begins with ${former.slice(0, 8)}, not with ${present}. Look again whether this is the right appliance.`,
      )
    if (this.#isBeginning) throw new SyncDeskError('A new epoch is being begun already. Wait until it is there.')
    this.#isBeginning = true
    try {
      const cloud = await line.link.cloudPoints()
      const uplink = line.link.state
      const epoch = randomUUID()
      const starts = { records: 1, readings: 1 }
      await line.restart(async () => {
        const { recordsSeq, readingsSeq } = reader.lanes()
        const startOf = (lane: Lane, lastSeq: number) =>
          nextEpochStart({
            receipts: reader
              .receiptHistory({ lane, limit: deskLimits.receiptsSearchedMax })
              .map(({ receipt }) => receipt)
              .filter((receipt) => receipt.epoch === former)
              .toSorted((left, right) => right.up_to_seq - left.up_to_seq),
            startSeq: reader.startSeqs()[lane],
            lastSeq,
            cloud: cloud?.[lane] ?? null,
            differsAtSeq: uplink === null ? null : differsAt(uplink.lanes[lane]),
          })
        starts.records = startOf('records', recordsSeq)
        starts.readings = startOf('readings', readingsSeq)
        await pipeline.beginEpoch({ epoch, startSeqs: starts, actor })
      })
      if (reader.epoch !== epoch) throw new SyncDeskError('The appliance is stopping. Begin the epoch after its start.')
      log.warn(
        { action: 'epoch_begin', epoch, former, actor, ...starts },
        `a new epoch begins: records from ${starts.records}, readings from ${starts.readings}`,
      )
      return { epoch, former, start_records: starts.records, start_readings: starts.readings }
    } finally {
      this.#isBeginning = false
    }
  }

  /** The comparison that runs, or the last one of this start. */
  audit(): SyncAudit {
    return this.#audit
  }

  /** Begins a comparison, which takes minutes where there is much to compare; see `audit`. @throws SyncDeskError */
  beginAudit(question: Omit<AuditQuestion, 'signal'>, actor: string): SyncAudit {
    const line = this.#line()
    if (this.#audit.state === 'running')
      throw new SyncDeskError('The two ends are being compared already. Wait until that is done.')
    const abort = new AbortController()
    this.#abort = abort
    const started_at = instant(this.#options.clock.nowMs())
    this.#audit = { ...nothing, state: 'running', started_at }
    const ended = (part: Pick<SyncAudit, 'state' | 'problem' | 'report'>) => {
      this.#audit = { ...part, started_at, ended_at: instant(this.#options.clock.nowMs()) }
    }
    const run = async (): Promise<void> => {
      try {
        const report = await line.link.audit({ ...question, signal: abort.signal })
        await this.#note(report, question, actor)
        ended({ state: 'done', problem: null, report: viewOf(report) })
      } catch (error) {
        if (abort.signal.aborted) return
        if (!(error instanceof OperationalError))
          this.#options.log.error({ action: 'audit', err: error }, describeError(error))
        ended({ state: 'failed', problem: describeError(error), report: null })
      }
    }
    void run()
    return this.#audit
  }

  async #note(report: AuditReport, question: Omit<AuditQuestion, 'signal'>, actor: string): Promise<void> {
    const { pipeline, clock, log } = this.#options
    const left = report.differences.filter(({ repair }) => repair !== 'repaired')
    // Only of both lanes it says how the appliance is.
    if (question.lane === undefined) {
      const last: LastAudit = { at_ms: clock.nowMs(), is_whole: report.isWhole, differences: left.length }
      await pipeline.saveSetting(lastAuditSetting, JSON.stringify(last))
    }
    const [first] = report.differences
    if (first === undefined) return
    log.error(
      { action: 'audit', differences: report.differences.length, left: left.length },
      `appliance and cloud differ in ${report.differences.length} ranges, the first of them ${first.lane} ${first.fromSeq} to ${first.toSeq}`,
    )
    await pipeline.appendRecord({
      kind: 'audit',
      at_ms: clock.nowMs(),
      body: {
        actor,
        action: 'sync.audit',
        subject: report.epoch,
        detail: {
          differences: report.differences.length,
          left: left.length,
          first_lane: first.lane,
          first_from: first.fromSeq,
          first_to: first.toSeq,
          first_where: first.where,
        },
      },
    })
  }

  #auditLater(delayMs: number): void {
    this.#cancelDaily = this.#options.clock.after(delayMs, () => {
      // Somebody compares by hand, or nothing is there to compare: tomorrow again.
      if (this.#audit.state !== 'running' && this.#options.lineToCloud().state === 'online')
        this.beginAudit({ repair: true }, 'appliance')
      this.#auditLater(deskLimits.auditEveryMs * (0.9 + 0.2 * this.#options.random()))
    })
  }

  #line(): LineKeeper {
    const { line } = this.#options
    if (line === null)
      throw new SyncDeskError(
        'No cloud is configured: the appliance works alone. Set "cloud.url" (JIDOKA_CLOUD_URL) first.',
      )
    return line
  }
}

const viewOf = ({ epoch, isWhole, ranges, rows, unknown, differences }: AuditReport): SyncAudit['report'] => ({
  epoch,
  is_whole: isWhole,
  ranges,
  rows,
  unknown,
  differences: differences.map((each) => ({
    lane: each.lane,
    range: each.range,
    from_seq: each.fromSeq,
    to_seq: each.toSeq,
    where: each.where,
    edge_count: each.edgeCount,
    cloud_count: each.cloudCount,
    repair: each.repair,
    detail: each.detail,
  })),
})
