import { startUplink, uplinkStep } from '@jidoka/sync-engine'
import type { CursorNews, UplinkEffect, UplinkInput, UplinkState } from '@jidoka/sync-engine'
import { encodeDropBatch, encodeReadingsBatch, encodeRecordsBatch, judgeReceipt, pointOf } from '@jidoka/sync-protocol'
import type { Cursor, Lane, LaneCursor, LanePoint, Receipt, ReceiptJudgement, ReceiptKey } from '@jidoka/sync-protocol'
import { lineOf } from './journal.ts'
import type { ReadResult } from './journal.ts'
import { Life, wallStartMs } from './life.ts'
import type { Network, Outcome } from './network.ts'
import type { Faults, PlantedBug } from './options.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

interface Parts {
  readonly name: string
  readonly edgeId: string
  readonly random: Random
  readonly scheduler: Scheduler
  readonly network: Network
  readonly faults: Faults
  readonly trustList: readonly ReceiptKey[]
  readonly bug: PlantedBug | null
  readonly trace: (line: string) => void
}

/** An edge: the real engine and codecs around a simulated disk and line. */
export class EdgeNode {
  calm = false
  crashes = 0
  merges = 0
  readonly lives: Life[] = []
  readonly #parts: Parts
  #state: UplinkState | null = null
  /** Counts starts of the program; what an earlier one asked for is void. */
  #run = 0
  #wakes = 0
  /** What each lane's flight has read, in memory only. */
  readonly #read: Record<Lane, ReadResult | null> = { records: null, readings: null }

  constructor(parts: Parts) {
    this.#parts = parts
    this.newLife()
  }

  get life(): Life {
    return this.lives.at(-1) as Life
  }

  get name(): string {
    return this.#parts.name
  }

  get edgeId(): string {
    return this.#parts.edgeId
  }

  get state(): UplinkState | null {
    return this.#state
  }

  /** A new disk: the journal begins again, under a new epoch. */
  newLife(): void {
    const number = this.lives.length + 1
    this.lives.push(
      new Life(`${this.#parts.edgeId.slice(0, -4)}e${String(number).padStart(3, '0')}`, this.#parts.random),
    )
    this.#tell(`begins life ${number}`)
  }

  start(): void {
    const { journal } = this.life
    this.#run++
    this.#state = startUplink({
      lanes: {
        records: { confirmed: journal.records.point, lastSeq: journal.records.lastSeq },
        readings: { confirmed: journal.readings.point, lastSeq: journal.readings.lastSeq },
      },
    })
    this.#tell('starts')
    this.#give({ kind: 'wake' })
  }

  /** SIGKILL or power loss; back after a while, with what was on disk. */
  crash(why: string, newDisk = false): void {
    if (this.#state === null) return
    this.crashes++
    this.#state = null
    this.#run++
    this.#tell(`crashes ${why}`)
    // A new disk takes longer to put in than any message can be on its way (SPEC.md, "Not guaranteed").
    this.#parts.scheduler.after(newDisk ? 90_000 : this.#parts.random.between(100, 8_000), () => {
      if (newDisk) this.newLife()
      this.start()
    })
  }

  /** A group commit of readings. A crash before it has acknowledged nothing and loses nothing. */
  commitReadings(): void {
    if (this.#state === null) return
    const commit = this.life.prepareReadings(this.#parts.scheduler.nowMs)
    if (this.#happens(this.#parts.faults.edgeCrashAtEffect)) return this.crash('before a commit')
    commit()
    this.#give({ kind: 'appended', lane: 'readings', lastSeq: this.life.journal.readings.lastSeq })
  }

  commitRecord(): void {
    if (this.#state === null) return
    this.#appendRecord('audit', {
      actor: 'kim',
      action: 'note',
      subject: 'press',
      detail: { n: this.#parts.random.between(0, 9) },
    })
  }

  dropForSpace(): void {
    const items = this.#state === null ? [] : this.life.dropForSpace()
    if (items.length > 0) this.#tell(`drops readings ${items[0]?.firstSeq}..${items.at(-1)?.lastSeq} for space`)
  }

  damageOne(): void {
    const item = this.#state === null ? null : this.life.damageOne()
    if (item !== null) this.#tell(`a bit of readings ${item.firstSeq}..${item.lastSeq} flips on the disk`)
  }

  prune(): void {
    if (this.#state !== null) this.life.prune(this.#parts.bug === 'prune_before_receipt')
  }

  merge(): void {
    const item = this.#state === null ? null : this.life.merge()
    if (item === null) return
    this.merges++
    this.#tell(`merges readings ${item.firstSeq}..${item.lastSeq}`)
  }

  #appendRecord(kind: string, body: object): void {
    this.life.appendRecord(this.#parts.scheduler.nowMs, kind, body)
    this.#give({ kind: 'appended', lane: 'records', lastSeq: this.life.journal.records.lastSeq })
  }

  #happens(probability: number): boolean {
    return !this.calm && this.#parts.random.chance(probability)
  }

  #tell(what: string): void {
    this.#parts.trace(`${this.#parts.name} ${what}`)
  }

  #give(input: UplinkInput): void {
    if (this.#state === null) return
    const { scheduler, random } = this.#parts
    const { state, effects } = uplinkStep(this.#state, input, {
      nowMs: scheduler.nowMs,
      wallMs: wallStartMs + scheduler.nowMs,
      random: random.next(),
    })
    this.#state = state
    const run = this.#run
    for (const effect of effects) {
      if (this.#happens(this.#parts.faults.edgeCrashAtEffect)) this.crash(`before ${effect.kind}`)
      if (run !== this.#run) return
      this.#perform(effect)
      if (run === this.#run && this.#happens(this.#parts.faults.edgeCrashAtEffect)) this.crash(`after ${effect.kind}`)
      if (run !== this.#run) return
    }
  }

  /** Calls back unless the program has been started anew since. */
  #later(delayMs: number, act: () => void): void {
    const run = this.#run
    this.#parts.scheduler.after(delayMs, () => void (run === this.#run && act()))
  }

  #perform(effect: UplinkEffect): void {
    switch (effect.kind) {
      case 'ask_cursor':
        return this.#askCursor(effect)
      case 'read_batch':
        return this.#later(1, () => this.#readBatch(effect))
      case 'send':
        return this.#send(effect)
      // On disk after a moment; a crash before it forgets the receipt, and the cursor brings it again.
      case 'store_receipt':
        return this.#later(3, () => this.#keep(effect.lane, pointOf(effect.receipt)))
      case 'adopt_cursor':
        this.#tell(`takes over ${effect.lane} ${effect.point.seq} from the cloud`)
        return this.#later(3, () => this.#keep(effect.lane, effect.point))
      case 'record_outage':
        return this.#later(1, () =>
          this.#appendRecord('outage', {
            from_ms: Math.floor(effect.fromMs),
            to_ms: effect.toMs === null ? null : Math.floor(effect.toMs),
            cause: effect.cause,
            rows_waiting: effect.rowsWaiting,
          }),
        )
      case 'wake': {
        const wake = ++this.#wakes
        this.#later(effect.afterMs, () => void (wake === this.#wakes && this.#give({ kind: 'wake' })))
      }
    }
  }

  #keep(lane: Lane, point: LanePoint): void {
    this.life.journal[lane].point = point
  }

  #askCursor({ flight, timeoutMs }: Extract<UplinkEffect, { kind: 'ask_cursor' }>): void {
    const run = this.#run
    this.#parts.network.request(
      { kind: 'cursor', edgeId: this.edgeId, epoch: this.life.epoch },
      timeoutMs,
      (outcome) => {
        if (run !== this.#run) return
        if (outcome.kind === 'failed') this.#give({ kind: 'cursor_failed', flight, failure: outcome.failure })
        else if (outcome.kind === 'cursor')
          this.#give({ kind: 'cursor_known', flight, lanes: this.#newsOf(outcome.cursor) })
      },
    )
  }

  #newsOf({ lanes: cursors }: Cursor): Record<Lane, CursorNews> {
    const news = (name: Lane, { next_seq, count_total, digest, receipt }: LaneCursor): CursorNews => ({
      point: { seq: next_seq - 1, count: count_total, digest },
      receipt,
      judgement: receipt === null ? 'verified' : this.#judge(name, receipt),
    })
    return { records: news('records', cursors.records), readings: news('readings', cursors.readings) }
  }

  /** Compares what the cloud says that it holds with what lies here. */
  #judge(name: Lane, receipt: Receipt): ReceiptJudgement {
    const { edgeId, trustList } = this.#parts
    const confirmed = this.#state?.lanes[name].confirmed
    const read = this.#read[name]
    let held: LanePoint | null = null
    if (confirmed !== undefined && receipt.up_to_seq > confirmed.seq) {
      if (read?.kind === 'rows' && read.toSeq === receipt.up_to_seq && read.after.digest === receipt.digest)
        held = read.after
      else held = this.life.journal[name].heldAt(confirmed, receipt.up_to_seq)
    }
    return judgeReceipt(receipt, { edgeId, epoch: this.life.epoch, lane: name, trustList, held })
  }

  #readBatch({ lane, flight, bytesMax }: Extract<UplinkEffect, { kind: 'read_batch' }>): void {
    const confirmed = this.#state?.lanes[lane].confirmed
    if (confirmed === undefined) return
    // A small disk and a small line: a few commits a batch, so that there are many batches.
    const read = this.life.journal[lane].read(confirmed, Math.min(bytesMax, this.#parts.random.between(50, 600)))
    this.#read[lane] = read
    if (read.kind === 'gone')
      this.#give({ kind: 'range_gone', lane, flight, fromSeq: read.fromSeq, toSeq: read.toSeq, reason: read.reason })
    else this.#give({ kind: 'batch_read', lane, flight, fromSeq: read.fromSeq, toSeq: read.toSeq, bytes: read.bytes })
  }

  #send({ lane, flight, fromSeq, toSeq, drop, timeoutMs }: Extract<UplinkEffect, { kind: 'send' }>): void {
    const run = this.#run
    const journal = this.life.journal[lane]
    journal.sentSeq = Math.max(journal.sentSeq, toSeq)
    const bytes = this.#encode(lane, fromSeq, toSeq, drop)
    this.#parts.network.request({ kind: 'batch', edgeId: this.edgeId, bytes }, timeoutMs, (outcome: Outcome) => {
      if (run !== this.#run) return
      if (outcome.kind === 'failed') this.#give({ kind: 'send_failed', lane, flight, failure: outcome.failure })
      else if (outcome.kind === 'receipt')
        this.#give({
          kind: 'receipted',
          lane,
          flight,
          receipt: outcome.receipt,
          judgement: this.#judge(lane, outcome.receipt),
        })
    })
  }

  #encode(
    lane: Lane,
    fromSeq: number,
    toSeq: number,
    drop: Extract<UplinkEffect, { kind: 'send' }>['drop'],
  ): Uint8Array {
    const sender = { edge_id: this.edgeId, epoch: this.life.epoch }
    if (drop !== null) return encodeDropBatch(sender, { lane, fromSeq, toSeq, reason: drop })
    const read = this.#read[lane]
    if (read?.kind !== 'rows') throw new Error('nothing was read for this flight')
    if (lane === 'readings')
      return encodeReadingsBatch(
        sender,
        read.items.map(({ bytes }) => bytes),
      )
    const lines = read.items.map(lineOf)
    // The planted bug: a shell that loses the end of a batch and says so to nobody.
    if (this.#parts.bug === 'retry_drops_tail' && lines.length > 2 && (this.#state?.lanes.records.tries ?? 0) > 0)
      lines[lines.length - 1] = (lines[0] ?? '').replace(/"seq":\d+/, `"seq":${toSeq}`)
    return encodeRecordsBatch({ ...sender, from_seq: fromSeq }, lines)
  }
}
