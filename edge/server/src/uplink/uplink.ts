import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { describeFailure, retryDelayMs, startUplink, uplinkStep } from '@jidoka/sync-engine'
import type { CursorNews, Failure, UplinkEffect, UplinkInput, UplinkState } from '@jidoka/sync-engine'
import {
  batchContentType,
  cursorPath,
  cursorSchema,
  encodeDropBatch,
  judgeReceipt,
  lanes,
  laneStart,
  pointOf,
  receiptSchema,
  syncPaths,
} from '@jidoka/sync-protocol'
import type { Lane, LanePoint, Receipt, ReceiptJudgement } from '@jidoka/sync-protocol'
import type { JournalReader, Pipeline } from '../ports.ts'
import type { BatchQuestion, BuiltBatch } from './batch-builder.ts'
import type { CloudLine } from './cloud-line.ts'
import type { Enrolled } from './identity.ts'
import { cloudLineLimits } from './limits.ts'
import type { LineStatus } from './line-status.ts'

/** Reads and frames rows beside the main thread; see batch-worker.ts. */
export interface BatchSource {
  build(question: BatchQuestion): Promise<BuiltBatch>
  pointAt(lane: Lane, after: LanePoint, seq: number): Promise<LanePoint | null>
}

export interface UplinkOptions {
  readonly line: CloudLine
  readonly enrolled: Enrolled
  readonly pipeline: Pick<Pipeline, 'onCommitted' | 'storeReceipt' | 'forgetReceipt' | 'appendRecord' | 'noteSent'>
  readonly reader: Pick<JournalReader, 'epoch' | 'lanes' | 'receipted' | 'outages'>
  readonly batches: BatchSource
  readonly status: LineStatus
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly onBatch: (lane: Lane, outcome: 'accepted' | 'refused' | 'failed') => void
  readonly onReceipt: (receipt: Receipt, rows: number) => void
  /** Called when the engine finds its invariants broken: the process must stop. */
  readonly onFailure: (error: unknown) => void
}

type EffectOf<Kind extends UplinkEffect['kind']> = Extract<UplinkEffect, { kind: Kind }>

/** The shell of the uplink: carries out what the pure engine asks for and tells it what became of it. Sleeps while nothing happens. */
export class Uplink implements Service {
  readonly name = 'uplink'
  readonly #options: UplinkOptions
  #state: UplinkState
  readonly #built = new Map<Lane, { readonly flight: number; readonly batch: BuiltBatch }>()
  readonly #told: Record<Lane, { seq: number; cancel: (() => void) | null }>
  /** Counts what was asked of the journal about each lane's receipt: a repeat must not undo what came after it. */
  readonly #receiptChanges: Record<Lane, number> = { records: 0, readings: 0 }
  #cancelWake: () => void = () => {}
  #unsubscribe: () => void = () => {}
  #isStopped = false

  constructor(options: UplinkOptions) {
    this.#options = options
    const { readingsSeq, recordsSeq } = options.reader.lanes()
    const receipts = options.reader.receipted()
    const confirmed = (receipt: Receipt | null): LanePoint => (receipt === null ? laneStart : pointOf(receipt))
    const [outage] = options.reader.outages(1)
    this.#state = startUplink({
      lanes: {
        records: { confirmed: confirmed(receipts.records), lastSeq: recordsSeq },
        readings: { confirmed: confirmed(receipts.readings), lastSeq: readingsSeq },
      },
      openOutage: outage?.toMs === null ? outage : null,
    })
    this.#told = { records: { seq: recordsSeq, cancel: null }, readings: { seq: readingsSeq, cancel: null } }
    for (const lane of lanes) {
      const receipt = receipts[lane]
      if (receipt !== null) options.status.receipted(receipt)
    }
  }

  start(): Promise<void> {
    this.#unsubscribe = this.#options.pipeline.onCommitted(({ readingsSeq, recordsSeq }) => {
      this.#gather('records', recordsSeq, cloudLineLimits.gatherRecordsMs)
      this.#gather('readings', readingsSeq, cloudLineLimits.gatherReadingsMs)
    })
    this.#dispatch({ kind: 'wake' })
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#isStopped = true
    this.#unsubscribe()
    this.#cancelWake()
    for (const lane of lanes) this.#told[lane].cancel?.()
    return Promise.resolve()
  }

  /** Tells the engine of new rows a little later, so that a batch holds more than one commit. */
  #gather(lane: Lane, seq: number, waitMs: number): void {
    const told = this.#told[lane]
    if (seq === told.seq) return
    told.seq = seq
    told.cancel ??= this.#options.clock.after(waitMs, () => {
      told.cancel = null
      this.#dispatch({ kind: 'appended', lane, lastSeq: told.seq })
    })
  }

  #dispatch(input: UplinkInput): void {
    if (this.#isStopped) return
    const { clock, random, status, onFailure } = this.#options
    try {
      const step = uplinkStep(this.#state, input, {
        nowMs: clock.monotonicMs(),
        wallMs: clock.nowMs(),
        random: random(),
      })
      this.#state = step.state
      status.follow(step.state)
      for (const effect of step.effects) this.#carryOut(effect)
    } catch (error) {
      this.#isStopped = true
      onFailure(error)
    }
  }

  #carryOut(effect: UplinkEffect): void {
    const { pipeline, clock, log } = this.#options
    const orLog = (what: string) => (error: unknown) =>
      log.error({ action: what, err: error }, `${what}: ${describeError(error)}`)
    switch (effect.kind) {
      case 'ask_cursor':
        return this.#run(this.#askCursor(effect))
      case 'read_batch':
        return this.#run(this.#read(effect))
      case 'send':
        return this.#run(this.#send(effect))
      case 'store_receipt':
        this.#options.status.receipted(effect.receipt)
        this.#receiptChanges[effect.lane]++
        // A receipt that is not stored comes again with the cursor of the next start.
        pipeline.storeReceipt(effect.receipt).catch(orLog('store_receipt'))
        return
      case 'adopt_cursor':
        log.warn(
          { action: 'adopt_cursor', lane: effect.lane, seq: effect.point.seq },
          'the cloud holds less than it had receipted, perhaps restored from a backup; sending again from there',
        )
        this.#adopt(effect, ++this.#receiptChanges[effect.lane])
        return
      case 'record_outage': {
        const body = {
          from_ms: effect.fromMs,
          to_ms: effect.toMs,
          cause: effect.cause.slice(0, 500),
          rows_waiting: effect.rowsWaiting,
        }
        pipeline.appendRecord({ kind: 'outage', at_ms: clock.nowMs(), body }).catch(orLog('record_outage'))
        return
      }
      case 'wake':
        this.#cancelWake()
        this.#cancelWake = clock.after(effect.afterMs, () => this.#dispatch({ kind: 'wake' }))
    }
  }

  /**
   * Puts the cloud's receipt, or none, in the place of ours. Until that is on disk, rows may go that the cloud has lost, so it is
   * tried until it holds, or until a later receipt of the lane takes its place.
   */
  #adopt(effect: EffectOf<'adopt_cursor'>, change: number, tries = 0): void {
    const { pipeline, clock, log, random } = this.#options
    const { lane, receipt } = effect
    const stored = receipt === null ? pipeline.forgetReceipt(lane) : pipeline.storeReceipt(receipt)
    stored.catch((error: unknown) => {
      log.error({ action: 'adopt_cursor', lane, err: error }, `adopt_cursor: ${describeError(error)}`)
      clock.after(retryDelayMs(tries, random()), () => {
        if (!this.#isStopped && this.#receiptChanges[lane] === change) this.#adopt(effect, change, tries + 1)
      })
    })
  }

  /** Each effect answers by an input of its own; what it throws is a bug and ends the process. */
  #run(work: Promise<UplinkInput>): void {
    work.then(
      (input) => this.#dispatch(input),
      (error: unknown) => {
        if (!this.#isStopped) this.#options.onFailure(error)
      },
    )
  }

  async #askCursor({ flight, timeoutMs }: EffectOf<'ask_cursor'>): Promise<UplinkInput> {
    const { line, reader } = this.#options
    const answer = await line.request({ method: 'GET', path: cursorPath(reader.epoch), timeoutMs })
    if (answer.kind === 'failed') return this.#cursorFailed(flight, answer.failure)
    const cursor = cursorSchema.safeParse(answer.json)
    if (!cursor.success) return this.#cursorFailed(flight, { kind: 'strange_answer', status: 200, retryAfterMs: null })
    const news = async (lane: Lane): Promise<CursorNews> => {
      const { next_seq, count_total, digest, receipt } = cursor.data.lanes[lane]
      return {
        point: { seq: next_seq - 1, count: count_total, digest },
        receipt,
        judgement: receipt === null ? 'unverifiable' : await this.#judge(lane, receipt),
      }
    }
    return { kind: 'cursor_known', flight, lanes: { records: await news('records'), readings: await news('readings') } }
  }

  #cursorFailed(flight: number, failure: Failure): UplinkInput {
    this.#options.log.debug({ action: 'cursor', success: false }, describeFailure(failure))
    return { kind: 'cursor_failed', flight, failure }
  }

  async #read({ lane, flight, bytesMax }: EffectOf<'read_batch'>): Promise<UplinkInput> {
    const { batches, enrolled, reader, pipeline } = this.#options
    const { confirmed, lastSeq } = this.#state.lanes[lane]
    try {
      const batch = await batches.build({
        sender: { edge_id: enrolled.edge_id, epoch: reader.epoch },
        lane,
        after: confirmed,
        lastSeq,
        bytesMax,
      })
      // From here on the rows keep their shape until they are receipted, so that a repeat is the same batch. A store that cannot
      // note it, with a full disk say, is one that cannot be read for now: the lane waits and tries again.
      if (lane === 'readings' && batch.kind === 'rows') await pipeline.noteSent(batch.toSeq)
      this.#built.set(lane, { flight, batch })
      if (batch.kind === 'gone')
        return { kind: 'range_gone', lane, flight, fromSeq: batch.fromSeq, toSeq: batch.toSeq, reason: batch.reason }
      return { kind: 'batch_read', lane, flight, fromSeq: batch.fromSeq, toSeq: batch.toSeq, bytes: batch.storedBytes }
    } catch (error) {
      return { kind: 'read_failed', lane, flight, cause: describeError(error) }
    }
  }

  async #send({ lane, flight, fromSeq, toSeq, drop, timeoutMs }: EffectOf<'send'>): Promise<UplinkInput> {
    const { line, enrolled, reader, log, onBatch } = this.#options
    const built = this.#built.get(lane)
    const sender = { edge_id: enrolled.edge_id, epoch: reader.epoch }
    const { confirmed } = this.#state.lanes[lane]
    const dropped = drop === null ? null : encodeDropBatch(sender, { lane, fromSeq, toSeq, reason: drop })
    const body = dropped ?? (built?.flight === flight && built.batch.kind === 'rows' ? built.batch.body : null)
    if (body === null) throw new TypeError(`the batch of flight ${flight} of the lane ${lane} was not read`)
    const answer = await line.request({
      method: 'POST',
      path: syncPaths.batches,
      body,
      contentType: batchContentType,
      timeoutMs,
    })
    if (answer.kind === 'failed') {
      onBatch(lane, answer.failure.kind === 'refused' ? 'refused' : 'failed')
      log.debug({ action: 'send', lane, fromSeq, toSeq, success: false }, describeFailure(answer.failure))
      return { kind: 'send_failed', lane, flight, failure: answer.failure }
    }
    const receipt = receiptSchema.safeParse(answer.json)
    if (!receipt.success) {
      onBatch(lane, 'failed')
      return { kind: 'send_failed', lane, flight, failure: { kind: 'strange_answer', status: 200, retryAfterMs: null } }
    }
    const held =
      dropped === null ? (built?.batch.kind === 'rows' ? built.batch.point : null) : { ...confirmed, seq: toSeq }
    const judgement = await this.#judge(lane, receipt.data, held)
    onBatch(lane, 'accepted')
    if (judgement === 'verified') this.#options.onReceipt(receipt.data, receipt.data.count_total - confirmed.count)
    return { kind: 'receipted', lane, flight, receipt: receipt.data, judgement }
  }

  /** Holds a receipt against the trust list and against the rows of this appliance. */
  async #judge(lane: Lane, receipt: Receipt, known: LanePoint | null = null): Promise<ReceiptJudgement> {
    const { batches, enrolled, reader } = this.#options
    const { confirmed, lastSeq } = this.#state.lanes[lane]
    const seq = receipt.up_to_seq
    let held: LanePoint | null = null
    if (known?.seq === seq) held = known
    else if (seq === confirmed.seq) held = confirmed
    else if (seq > confirmed.seq && seq <= lastSeq) held = await batches.pointAt(lane, confirmed, seq)
    return judgeReceipt(receipt, {
      edgeId: enrolled.edge_id,
      epoch: reader.epoch,
      lane,
      trustList: enrolled.receipt_keys,
      held,
    })
  }
}
