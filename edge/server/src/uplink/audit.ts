import { describeError, OperationalError } from '@jidoka/base'
import { describeFailure } from '@jidoka/sync-engine'
import {
  batchContentType,
  lanes,
  laneRangesSchema,
  rangeRows,
  rangesPath,
  refusals,
  repairAnswerSchema,
  syncPaths,
} from '@jidoka/sync-protocol'
import type { Lane, LaneRange } from '@jidoka/sync-protocol'
import type { JournalReader, KeptRangeSum } from '../ports.ts'
import type { CloudAnswer, CloudLine, CloudRequest } from './cloud-line.ts'
import type { RangeStretch, Recount, RepairQuestion } from './range-rows.ts'

export interface AuditQuestion {
  /** Absent: both. */
  readonly lane?: Lane | undefined
  /** Send again what the cloud has lost and is held here. */
  readonly repair: boolean
  readonly signal?: AbortSignal
}

/** Where the two ends differ, or what keeps it from being known. */
export interface RangeDifference {
  readonly lane: Lane
  readonly range: number
  readonly fromSeq: number
  readonly toSeq: number
  /**
   * `cloud_rows`: the cloud's stored rows are not what it had receipted. `kept_sums`: the two ends had counted other rows. `edge_rows`: what is held
   * here is not what was sent. `cloud_range`: the cloud knows nothing of the range.
   */
  readonly where: 'cloud_rows' | 'kept_sums' | 'edge_rows' | 'cloud_range'
  readonly edgeCount: number
  readonly cloudCount: number
  /** Null: not tried. */
  readonly repair: 'repaired' | 'not_held' | 'refused' | null
  readonly detail: string | null
}

export interface AuditReport {
  readonly epoch: string
  readonly ranges: number
  readonly rows: number
  /** Ranges that neither a kept sum nor rows could be held against: pruned here, and begun anew in between. */
  readonly unknown: number
  readonly differences: readonly RangeDifference[]
  readonly isWhole: boolean
}

export interface AuditParts {
  readonly line: Pick<CloudLine, 'request'>
  readonly edgeId: string
  readonly reader: Pick<JournalReader, 'epoch' | 'startSeqs' | 'rangeSums'>
  readonly recount: (stretch: RangeStretch) => Promise<Recount>
  readonly repairBatch: (question: RepairQuestion) => Promise<Uint8Array<ArrayBuffer> | null>
  readonly pause: (delayMs: number) => Promise<void>
}

const auditLimits = {
  /** The cloud counts eight ranges of readings anew for an answer, which takes a second or two on a busy one. */
  timeoutMs: 60_000,
  /** Differences that are named; beyond, only their number would say more. */
  differencesMax: 1_000,
  /** A busy cloud is asked again so often, as it says when. Two at once are all that it takes, over all its edges. */
  busyTriesMax: 20,
  busyWaitMsMin: 100,
  busyWaitMsMax: 10_000,
} as const

/** Compares what both ends keep of each range, what the cloud counts anew, and what is still held here. @throws OperationalError when the cloud does not answer. */
export async function auditRanges(parts: AuditParts, question: AuditQuestion): Promise<AuditReport> {
  const epoch = parts.reader.epoch
  const audit = new Audit(parts, question, epoch)
  for (const lane of lanes) if (question.lane === undefined || question.lane === lane) await audit.lane(lane)
  return audit.report()
}

class Audit {
  readonly #parts: AuditParts
  readonly #question: AuditQuestion
  readonly #epoch: string
  readonly #differences: RangeDifference[] = []
  #ranges = 0
  #rows = 0
  #unknown = 0

  constructor(parts: AuditParts, question: AuditQuestion, epoch: string) {
    this.#parts = parts
    this.#question = question
    this.#epoch = epoch
  }

  async lane(lane: Lane): Promise<void> {
    for (let from: number | null = 0; from !== null;) {
      this.#question.signal?.throwIfAborted()
      const answer = laneRangesSchema.safeParse(
        await this.#ask({ method: 'GET', path: rangesPath(this.#epoch, lane, from), timeoutMs: auditLimits.timeoutMs }),
      )
      if (!answer.success || answer.data.lane !== lane || answer.data.epoch !== this.#epoch)
        throw new OperationalError(
          'The cloud answers in another way than this version of the appliance knows. Upgrade the older of the two.',
        )
      const { ranges, next } = answer.data
      const to = ranges.at(-1)?.range ?? from
      const its = this.#parts.reader.rangeSums(lane, from, to - from + 1).filter(({ range }) => range <= to)
      const kept = new Map(its.map((each) => [each.range, each]))
      for (const range of ranges) {
        await this.#compare(lane, range, kept.get(range.range))
        kept.delete(range.range)
      }
      // Beyond the last page the cloud has nothing; what is kept here of it was receipted all the same.
      const lost =
        next === null ? [...kept.values(), ...this.#parts.reader.rangeSums(lane, to + 1, 1_000)] : [...kept.values()]
      for (const each of lost) if (each.count > 0) this.#missing(lane, each)
      from = next === null || next <= from ? null : next
    }
  }

  report(): AuditReport {
    const left = this.#differences.filter(({ repair }) => repair !== 'repaired')
    return {
      epoch: this.#epoch,
      ranges: this.#ranges,
      rows: this.#rows,
      unknown: this.#unknown,
      differences: this.#differences.slice(0, auditLimits.differencesMax),
      isWhole: left.length === 0,
    }
  }

  async #compare(lane: Lane, cloud: LaneRange, kept: KeptRangeSum | undefined): Promise<void> {
    const { range, count, sum, up_to_seq: toSeq } = cloud
    const firstSeq = Math.max(range * rangeRows + 1, this.#parts.reader.startSeqs()[lane])
    const fromSeq = Math.max(firstSeq, cloud.from_seq ?? firstSeq)
    this.#ranges++
    this.#rows += count
    const isSame = (other: { readonly count: number; readonly sum: string }) =>
      other.count === count && other.sum === sum
    const differs = (where: RangeDifference['where'], edgeCount: number, cloudCount: number) =>
      this.#differs({ lane, range, fromSeq, toSeq, where, edgeCount, cloudCount, repair: null, detail: null }, count)
    const held = await this.#parts.recount({ lane, fromSeq, toSeq })
    const isKeptComparable = kept?.fromSeq === fromSeq && kept.upToSeq === toSeq
    if (isKeptComparable && !isSame(kept)) await differs('kept_sums', kept.count, count)
    else if (!isKeptComparable && held.missing === 0 && !isSame(held)) await differs('kept_sums', held.count, count)
    else if (!isKeptComparable && held.missing > 0 && !isSame(held)) this.#unknown++
    // Receipted, and from before the cloud began to count: nothing to hold them against.
    else if (kept !== undefined && kept.fromSeq < fromSeq) this.#unknown++
    else if (isKeptComparable && held.missing === 0 && !isSame(held)) await differs('edge_rows', held.count, count)
    // What the cloud stores is held against what it has receipted, whatever is held here.
    if (cloud.stored !== undefined && !isSame(cloud.stored)) await differs('cloud_rows', held.count, cloud.stored.count)
  }

  #missing(lane: Lane, { range, fromSeq, upToSeq, count }: KeptRangeSum): void {
    this.#differences.push({
      lane,
      range,
      fromSeq,
      toSeq: upToSeq,
      where: 'cloud_range',
      edgeCount: count,
      cloudCount: 0,
      repair: null,
      detail: null,
    })
  }

  async #differs(difference: RangeDifference, receiptedCount: number): Promise<void> {
    const isRepairable = difference.where === 'cloud_rows' && difference.lane === 'readings'
    if (!this.#question.repair || !isRepairable) this.#differences.push(difference)
    else this.#differences.push({ ...difference, ...(await this.#repair(difference, receiptedCount)) })
  }

  async #repair(
    { fromSeq, toSeq }: RangeDifference,
    count: number,
  ): Promise<Pick<RangeDifference, 'repair' | 'detail'>> {
    const sender = { edge_id: this.#parts.edgeId, epoch: this.#epoch }
    try {
      const body = await this.#parts.repairBatch({ sender, fromSeq, toSeq, count })
      if (body === null) return { repair: 'not_held', detail: null }
      const request = { method: 'POST', path: syncPaths.repairs, body, contentType: batchContentType } as const
      const answer = repairAnswerSchema.safeParse(await this.#ask({ ...request, timeoutMs: auditLimits.timeoutMs }))
      return answer.success
        ? { repair: 'repaired', detail: `${answer.data.replaced} rows were not there` }
        : { repair: 'refused', detail: 'an answer that is not known here' }
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error
      return { repair: 'refused', detail: describeError(error) }
    }
  }

  async #ask(request: CloudRequest): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      const answer: CloudAnswer = await this.#parts.line.request(request)
      if (answer.kind === 'ok') return answer.json
      const { failure } = answer
      const isBusy = failure.kind === 'refused' && failure.refusal.kind === 'busy'
      if (!isBusy || tries >= auditLimits.busyTriesMax)
        throw new OperationalError(
          failure.kind === 'refused'
            ? refusals[failure.refusal.kind].sentence
            : failure.kind === 'strange_answer' && failure.status === 404
              ? 'The cloud is of a version that knows no ranges. Upgrade it, then compare again.'
              : `The cloud does not answer (${describeFailure(failure)}). Try again when the line is back.`,
        )
      const askedMs = failure.refusal.kind === 'busy' ? failure.refusal.retry_after_ms : 0
      await this.#parts.pause(Math.min(Math.max(askedMs, auditLimits.busyWaitMsMin), auditLimits.busyWaitMsMax))
    }
  }
}
