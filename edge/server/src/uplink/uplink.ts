import type { Clock, Log, Service, Tracer } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { describeFailure, startUplink, uplinkLimits, uplinkStep } from '@jidoka/sync-engine'
import type { CursorNews, UplinkEffect, UplinkInput, UplinkState } from '@jidoka/sync-engine'
import { encodeDropBatch, epochStart, lanes, pointOf } from '@jidoka/sync-protocol'
import type { Lane, LanePoint, Receipt, ReceiptJudgement, RefusalKind } from '@jidoka/sync-protocol'
import type { CountedRanges, JournalReader, Pipeline } from '../ports.ts'
import type { BatchQuestion, BuiltBatch } from './batch-builder.ts'
import { BroughtReceipts } from './brought-receipts.ts'
import type { Brought } from './brought-receipts.ts'
import type { CloudLine } from './cloud-line.ts'
import { CloudTalk, pointsOf } from './cloud-talk.ts'
import { DoubtKeeper } from './doubt-keeper.ts'
import type { EdgeIdentity } from './identity.ts'
import { cloudLineLimits } from './limits.ts'
import type { LineStatus } from './line-status.ts'
import { OutageRecords } from './outage-records.ts'
import { ReceiptKeeper } from './receipt-keeper.ts'
import type { WaitingQuestion } from './waiting.ts'

/** Reads and frames rows beside the main thread; see batch-worker.ts. */
export interface BatchSource {
  build(question: BatchQuestion): Promise<BuiltBatch>
  pointAt(lane: Lane, after: LanePoint, seq: number): Promise<LanePoint | null>
}

export interface UplinkOptions {
  readonly line: CloudLine
  readonly identity: Pick<EdgeIdentity, 'enrolled' | 'believe'>
  readonly pipeline: Pick<
    Pipeline,
    'onCommitted' | 'storeReceipt' | 'forgetReceipt' | 'appendRecord' | 'noteSent' | 'notePoison' | 'saveSetting'
  >
  readonly reader: Pick<
    JournalReader,
    | 'epoch'
    | 'startSeqs'
    | 'sentReadingsSeq'
    | 'lanes'
    | 'receipted'
    | 'outages'
    | 'outagesUndrained'
    | 'poisonCounts'
    | 'setting'
  >
  readonly batches: BatchSource
  readonly status: LineStatus
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly meter: UplinkMeter
  /** Absent: nothing is recorded. */
  readonly tracing?: UplinkTracing
  /** Keeps the bytes of a row that the cloud cannot read, for who wants to know why. */
  readonly keepPoison: (name: string, bytes: Uint8Array) => void
  /** Called when the engine finds its invariants broken: the process must stop. */
  readonly onFailure: (error: unknown) => void
}

export interface UplinkTracing {
  readonly tracer: Tracer
  /** Traceparents of the commits that these rows came by. */
  linksTo(lane: Lane, fromSeq: number, toSeq: number): string[]
}

/** Counts what happens on the line. */
export interface UplinkMeter {
  /** `refusal`: why it was refused. */
  batch(lane: Lane, outcome: 'accepted' | 'refused' | 'failed', bytes: number, refusal: RefusalKind | null): void
  receipted(lane: Lane, rows: number): void
  poison(lane: Lane): void
}

/** A batch as it was read, until the next one of its lane. */
interface Built {
  readonly flight: number
  readonly afterSeq: number
  readonly batch: BuiltBatch
}

type EffectOf<Kind extends UplinkEffect['kind']> = Extract<UplinkEffect, { kind: Kind }>

/** The shell of the uplink: carries out what the pure engine asks for and tells it what became of it. Sleeps while nothing happens. */
export class Uplink implements Service {
  readonly name = 'uplink'
  readonly #options: UplinkOptions
  #state: UplinkState
  readonly #talk: CloudTalk
  readonly #built = new Map<Lane, Built>()
  readonly #told: Record<Lane, { seq: number; cancel: (() => void) | null }>
  readonly #receipts: ReceiptKeeper
  readonly #doubts: DoubtKeeper
  readonly #brought: BroughtReceipts
  readonly #outages: OutageRecords
  #cancelWake: () => void = () => {}
  #unsubscribe: () => void = () => {}
  #isStopped = false

  constructor(options: UplinkOptions) {
    this.#options = options
    const { reader, clock } = options
    this.#outages = new OutageRecords(options)
    this.#receipts = new ReceiptKeeper(options)
    this.#doubts = new DoubtKeeper(options)
    this.#brought = new BroughtReceipts({
      state: () => this.#state,
      isStopped: () => this.#isStopped,
      give: (input) => this.#dispatch(input),
      receipts: this.#receipts,
    })
    const { doubts } = this.#doubts
    this.#talk = new CloudTalk({ line: options.line, identity: options.identity, epoch: () => reader.epoch })
    const { readingsSeq, recordsSeq } = reader.lanes()
    const receipts = reader.receipted()
    const startSeqs = reader.startSeqs()
    const poisonToday = reader.poisonCounts(clock.nowMs() - uplinkLimits.poisonDayMs)
    const laneOf = (lane: Lane, lastSeq: number) => {
      const receipt = receipts[lane]
      const startSeq = startSeqs[lane]
      const confirmed = receipt === null ? epochStart(startSeq) : pointOf(receipt)
      // Records leave too often to note each on disk before: what is not known counts as sent.
      const sent = lane === 'readings' ? { sentSeq: reader.sentReadingsSeq() } : {}
      return { confirmed, lastSeq, startSeq, poisonToday: poisonToday[lane], doubt: doubts[lane], ...sent }
    }
    const [outage] = reader.outages(1)
    this.#state = startUplink({
      lanes: { records: laneOf('records', recordsSeq), readings: laneOf('readings', readingsSeq) },
      openOutage: outage?.toMs === null ? outage : null,
      undrained: reader
        .outagesUndrained(cloudLineLimits.undrainedMax)
        .flatMap(({ fromMs, toMs, cause, rowsWaiting }) =>
          toMs === null ? [] : [{ fromMs, toMs, cause, rowsWaiting }],
        ),
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
    this.#receipts.stop()
    this.#doubts.stop()
    this.#unsubscribe()
    this.#cancelWake()
    for (const lane of lanes) this.#told[lane].cancel?.()
    this.#brought.look()
    return Promise.resolve()
  }

  /** Somebody has reason to believe that the cloud answers otherwise now. */
  poke(): void {
    this.#dispatch({ kind: 'poke' })
  }

  /** Rows up to here leave in a courier's file; noted on disk before. */
  exported(lane: Lane, toSeq: number): void {
    this.#dispatch({ kind: 'exported', lane, toSeq })
  }

  /** A receipt that a courier's file brought. @throws when the store cannot keep it */
  bring(receipt: Receipt, judgement: ReceiptJudgement): Promise<Brought> {
    return this.#brought.take(receipt, judgement)
  }

  /** How it stands, for who asks. */
  get state(): UplinkState {
    return this.#state
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
      this.#brought.look()
    } catch (error) {
      this.#isStopped = true
      onFailure(error)
    }
  }

  #carryOut(effect: UplinkEffect): void {
    switch (effect.kind) {
      case 'ask_cursor':
        return this.#run(this.#askCursor(effect))
      case 'read_batch':
        return this.#run(this.#read(effect))
      case 'send':
        return this.#run(this.#sendTraced(effect))
      case 'store_receipt':
        this.#options.status.receipted(effect.receipt)
        return this.#receipts.store(effect, this.#counted(effect))
      case 'set_aside':
        return this.#run(this.#setAside(effect))
      case 'report_trouble':
        this.#report(effect).catch((error: unknown) =>
          this.#options.log.error({ action: 'report_trouble', err: error }, `report_trouble: ${describeError(error)}`),
        )
        return
      case 'adopt_cursor':
        return this.#receipts.adopt(effect)
      case 'note_doubt':
        return this.#doubts.note(effect.lane, effect.doubt)
      case 'record_outage':
        return this.#outages.take(effect, this.#talk.knowsTroubles)
      case 'wake':
        this.#cancelWake()
        this.#cancelWake = this.#options.clock.after(effect.afterMs, () => this.#dispatch({ kind: 'wake' }))
    }
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
    const answer = await this.#talk.cursor(timeoutMs)
    if (answer.kind === 'failed') {
      this.#options.log.debug({ action: 'cursor', success: false }, describeFailure(answer.failure))
      return { kind: 'cursor_failed', flight, failure: answer.failure }
    }
    if (this.#talk.knowsTroubles) this.#outages.tellLate()
    const cursor = answer.value
    const points = pointsOf(cursor)
    const news = async (lane: Lane): Promise<CursorNews> => {
      const { receipt } = cursor.lanes[lane]
      const judgement = receipt === null ? 'unverifiable' : await this.#judge(lane, receipt)
      return { point: points[lane], receipt, judgement }
    }
    const laneNews = { records: await news('records'), readings: await news('readings') }
    return { kind: 'cursor_known', flight, lanes: laneNews, troubles: cursor.troubles ?? [] }
  }

  async #read({ lane, flight, bytesMax, single }: EffectOf<'read_batch'>): Promise<UplinkInput> {
    const { batches, pipeline } = this.#options
    await this.#talk.settleVersion()
    const { confirmed, lastSeq, startSeq } = this.#state.lanes[lane]
    const waiting = this.#talk.knowsWaiting ? { waiting: this.#waiting() } : {}
    try {
      const sender = this.#talk.sender(confirmed, startSeq)
      const batch = await batches.build({ sender, lane, after: confirmed, lastSeq, bytesMax, single, ...waiting })
      // From here on the rows keep their shape until they are receipted, so that a repeat is the same batch, and count as ours should they be gone
      // when the cloud names them. A store that cannot note it, with a full disk say, is one that cannot be read for now: the lane waits and tries again.
      if (lane === 'readings') await pipeline.noteSent(batch.toSeq)
      this.#built.set(lane, { flight, afterSeq: confirmed.seq, batch })
      const { fromSeq, toSeq } = batch
      return batch.kind === 'gone'
        ? { kind: 'range_gone', lane, flight, fromSeq, toSeq, reason: batch.reason }
        : { kind: 'batch_read', lane, flight, fromSeq, toSeq, bytes: batch.storedBytes, single: batch.single }
    } catch (error) {
      return { kind: 'read_failed', lane, flight, cause: describeError(error) }
    }
  }

  /** Where the lanes stand, for a cloud that shows what waits here. */
  #waiting(): WaitingQuestion {
    const of = (lane: Lane) => {
      const { confirmed, lastSeq } = this.#state.lanes[lane]
      return { receiptedSeq: confirmed.seq, lastSeq }
    }
    return { lanes: { records: of('records'), readings: of('readings') }, nowMs: this.#options.clock.nowMs() }
  }

  /** A batch is a trace: what the cloud does with it goes on below. */
  #sendTraced(effect: EffectOf<'send'>): Promise<UplinkInput> {
    const { tracing } = this.#options
    if (tracing === undefined) return this.#send(effect)
    const { lane, fromSeq, toSeq } = effect
    const facts = { 'jidoka.lane': lane, 'jidoka.from_seq': fromSeq, 'jidoka.to_seq': toSeq }
    const links = tracing.linksTo(lane, fromSeq, toSeq)
    return tracing.tracer.begin('send batch', { kind: 'producer', facts, links }, async (span) => {
      const input = await this.#send(effect)
      span.set({ 'jidoka.outcome': input.kind })
      return input
    })
  }

  async #send(effect: EffectOf<'send'>): Promise<UplinkInput> {
    const { log, meter } = this.#options
    const { lane, flight, fromSeq, toSeq, drop, base, startSeq, timeoutMs } = effect
    const rows = drop === null ? this.#rowsOf(lane, flight) : null
    // Rows that are set aside were read as rows, and count nothing.
    if (drop !== null)
      this.#built.set(lane, { flight, afterSeq: base.seq, batch: { kind: 'gone', fromSeq, toSeq, reason: drop } })
    const body =
      drop === null
        ? rows?.body
        : encodeDropBatch(this.#talk.sender(base, startSeq), { lane, fromSeq, toSeq, reason: drop })
    if (body === undefined) throw new TypeError(`the batch of flight ${flight} of the lane ${lane} was not read`)
    const answer = await this.#talk.send(body, timeoutMs)
    if (answer.kind === 'failed') {
      const { failure } = answer
      const refusal = failure.kind === 'refused' ? failure.refusal.kind : null
      meter.batch(lane, refusal === null ? 'failed' : 'refused', body.length, refusal)
      log.debug({ action: 'send', lane, fromSeq, toSeq, success: false }, describeFailure(failure))
      return { kind: 'send_failed', lane, flight, failure }
    }
    const receipt = answer.value
    const judgement = await this.#judge(lane, receipt, rows?.point ?? { ...base, seq: toSeq })
    meter.batch(lane, 'accepted', body.length, null)
    if (judgement === 'verified') meter.receipted(lane, receipt.count_total - base.count)
    return { kind: 'receipted', lane, flight, receipt, judgement }
  }

  /** The bytes first: a start after a crash between the two finds rows that are to be tried again, and none that are lost. */
  async #setAside({ lane, flight, fromSeq, toSeq, detail }: EffectOf<'set_aside'>): Promise<UplinkInput> {
    const { pipeline, keepPoison, meter, log } = this.#options
    const built = this.#built.get(lane)?.batch
    try {
      if (built?.kind === 'rows' && built.toSeq === toSeq) keepPoison(`poison-${lane}-${fromSeq}.batch`, built.body)
      await pipeline.notePoison({ lane, fromSeq, toSeq, detail })
    } catch (error) {
      return { kind: 'read_failed', lane, flight, cause: describeError(error) }
    }
    meter.poison(lane)
    log.error(
      { action: 'set_aside', lane, fromSeq, toSeq, detail },
      `The cloud cannot read ${fromSeq} to ${toSeq} of the lane "${lane}": ${detail}. They stay in the journal, a copy of what was sent is in the folder "damaged", and the lane goes on behind them.`,
    )
    return { kind: 'set_aside_done', lane, flight }
  }

  async #report({ lane, trouble, seq, held }: EffectOf<'report_trouble'>): Promise<void> {
    const answer = await this.#talk.report({ lane, kind: trouble, seq, held })
    if (answer.kind === 'failed') this.#dispatch({ kind: 'report_failed', lane })
  }

  #rowsOf(lane: Lane, flight: number): Extract<BuiltBatch, { kind: 'rows' }> | null {
    const built = this.#built.get(lane)
    return built?.flight === flight && built.batch.kind === 'rows' ? built.batch : null
  }

  /** What a receipt's rows give to ranges, where it is of the batch that was read last and of all of it. */
  #counted({ lane, receipt }: EffectOf<'store_receipt'>): CountedRanges | undefined {
    const built = this.#built.get(lane)
    if (built?.batch.toSeq !== receipt.up_to_seq) return undefined
    return { afterSeq: built.afterSeq, tallies: built.batch.kind === 'rows' ? built.batch.tallies : new Map() }
  }

  /** Holds a receipt against the trust list and against the rows of this appliance. */
  async #judge(lane: Lane, receipt: Receipt, known: LanePoint | null = null): Promise<ReceiptJudgement> {
    const { confirmed, lastSeq } = this.#state.lanes[lane]
    const seq = receipt.up_to_seq
    let held: LanePoint | null = null
    if (known?.seq === seq) held = known
    else if (seq === confirmed.seq) held = confirmed
    else if (seq > confirmed.seq && seq <= lastSeq) held = await this.#options.batches.pointAt(lane, confirmed, seq)
    return this.#talk.judge(lane, receipt, held)
  }
}
