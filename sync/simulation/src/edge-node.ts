import { noDoubt, startUplink, uplinkLimits, uplinkStep } from '@jidoka/sync-engine'
import type { UplinkEffect, UplinkInput, UplinkState } from '@jidoka/sync-engine'
import { lanes, pointOf, protocolVersion } from '@jidoka/sync-protocol'
import type { Lane, LanePoint, Receipt, ReceiptJudgement } from '@jidoka/sync-protocol'
import { waitingBeside } from './batches.ts'
import { poisonMark } from './cloud-node.ts'
import { batchesForCourier } from './courier.ts'
import type { CourierBatch } from './courier.ts'
import { EdgeLine } from './edge-line.ts'
import type { Asking } from './edge-line.ts'
import { DiskWrites } from './disk-writes.ts'
import type { EdgeParts } from './edge-parts.ts'
import type { CrashPlan } from './crash-plan.ts'
import type { ReadResult } from './journal.ts'
import { wallStartMs } from './life.ts'
import type { Life } from './life.ts'
import type { Outcome, Request } from './network.ts'
import { outageBody } from './outage-body.ts'
import { chaosMs } from './plan.ts'
import { prunableSeq } from './pruning.ts'
import { ReceiptWrites } from './receipt-writes.ts'
import { learn, wrongTaking } from './watch.ts'

type EffectOf<Kind extends UplinkEffect['kind']> = Extract<UplinkEffect, { kind: Kind }>

/** An edge: the real engine and codecs around a simulated disk, clock and line. */
export class EdgeNode {
  crashes = 0
  merges = 0
  /** Rows of each lane that were set aside. */
  readonly setAside: Record<Lane, number> = { records: 0, readings: 0 }
  /** What was seen to be wrong while the world ran. */
  readonly violations: string[] = []
  /** Each life that was lived here; the last is the present one. */
  readonly lives: Life[] = []
  /** A person has switched it off for good. */
  isEnded = false
  crashPlan: CrashPlan | null = null
  fullDiskUntilMs = 0
  /** How far its own clock is wrong. */
  skewMs = 0
  readonly parts: EdgeParts
  #state: UplinkState | null = null
  /** Counts starts of the program; what an earlier one asked for is void. */
  #run = 0
  #wakes = 0
  readonly #line: EdgeLine
  readonly #disk: DiskWrites
  readonly #receipts: ReceiptWrites
  #exportedSeq: Record<Lane, number> = { records: 0, readings: 0 }
  /** What each lane's flight has read, in memory only. */
  readonly #read: Record<Lane, ReadResult | null> = { records: null, readings: null }

  constructor(parts: EdgeParts, life: Life) {
    this.parts = parts
    this.#line = new EdgeLine(parts)
    this.#disk = new DiskWrites({ later: (delayMs, act) => this.#later(delayMs, act), isFull: () => this.#isFull })
    this.#receipts = new ReceiptWrites({ disk: this.#disk, lane: (lane) => this.life.journal[lane] })
    this.lives.push(life)
  }

  get life(): Life {
    return this.lives.at(-1) as Life
  }

  get state(): UplinkState | null {
    return this.#state
  }

  get #isFull(): boolean {
    return this.parts.scheduler.nowMs < this.fullDiskUntilMs
  }

  start(): void {
    if (this.isEnded) return
    const { life } = this
    this.#run++
    this.#line.restart()
    this.#read.records = this.#read.readings = null
    const forgets = this.parts.bug === 'doubt_forgotten' ? { doubt: noDoubt } : {}
    const laneOf = (lane: Lane) => ({ ...life.laneStart(lane), ...forgets })
    this.#state = startUplink({ lanes: { records: laneOf('records'), readings: laneOf('readings') } })
    this.tell('starts')
    this.#give({ kind: 'wake' })
  }

  /** SIGKILL or power loss; back after a while, with what was on disk, or with what `newLife` puts there. */
  crash(
    why: string,
    { afterMs, losesReceipt = false, newLife }: { afterMs?: number; losesReceipt?: boolean; newLife?: () => Life } = {},
  ): void {
    if (this.#state === null) return
    this.crashes++
    this.#stop()
    if (losesReceipt) for (const lane of Object.values(this.life.journal)) lane.loseReceipt()
    this.tell(`crashes ${why}`)
    this.parts.scheduler.after(afterMs ?? this.parts.random.between(100, 8_000), () => {
      if (newLife !== undefined) this.lives.push(newLife())
      this.start()
    })
  }

  end(): void {
    this.isEnded = true
    this.#stop()
    this.tell('is switched off for good')
  }

  /** A person begins a new epoch, whose lanes go on with these numbers. */
  beginEpoch(startSeqs: Readonly<Record<Lane, number>>): void {
    this.#stop()
    this.lives.push(this.life.next(this.parts.newEpoch(), startSeqs))
    this.tell(`begins a new epoch with records ${startSeqs.records} and readings ${startSeqs.readings}`)
    this.start()
  }

  get isOld(): boolean {
    return this.#line.isOld
  }

  /** A person puts the present program in the place of that of 1.1. */
  upgrade(): void {
    this.#stop()
    this.#line.isOld = false
    this.tell('is upgraded')
    this.start()
  }

  #stop(): void {
    this.#state = null
    this.#run++
    this.#receipts.forget()
    if (this.parts.bug === 'sent_before_synced') this.life.journal.readings.truncate(this.life.truth.readings.lastSeq)
  }

  /** A group commit of readings. A crash before it has acknowledged nothing and loses nothing; so does a full disk. */
  commitReadings(): void {
    if (this.#state === null || this.#isFull) return
    const commit = this.life.prepareReadings(this.parts.scheduler.nowMs)
    if (this.#dies('before')) return this.#crashNow('before a commit')
    const acknowledge = commit()
    if (this.parts.bug === 'sent_before_synced') this.#later(400, acknowledge)
    else acknowledge()
    if (this.#dies('after')) return this.#crashNow('after a commit')
    this.#give({ kind: 'appended', lane: 'readings', lastSeq: this.life.journal.readings.lastSeq })
  }

  commitRecord(isPoison = false): void {
    if (this.#state === null) return
    const seq = this.life.journal.records.lastSeq + 1
    this.#appendRecord('audit', {
      actor: 'kim',
      action: isPoison ? poisonMark : 'note',
      subject: 'press',
      detail: { n: this.parts.random.between(0, 9) },
    })
    if (isPoison && !this.#isFull) this.tell(`writes record ${seq}, which the cloud cannot read`)
  }

  dropForSpace(): void {
    const items = this.#state === null ? [] : this.life.dropForSpace()
    if (items.length > 0) this.tell(`drops readings ${items[0]?.firstSeq}..${items.at(-1)?.lastSeq} for space`)
  }

  damageOne(): void {
    const item = this.#state === null ? null : this.life.damageOne()
    if (item !== null) this.tell(`a bit of readings ${item.firstSeq}..${item.lastSeq} flips on the disk`)
  }

  /** What runs beside the uplink: old rows go, small commits are merged. */
  keepHouse(): void {
    if (this.#state === null || this.#isFull) return
    const { bug, random } = this.parts
    const { journal } = this.life
    if (random.chance(0.4)) this.life.prune((lane) => prunableSeq(lane, journal[lane], this.#exportedSeq, bug))
    if (!random.chance(0.4)) return
    const item = this.life.merge()
    if (item === null) return
    this.merges++
    this.tell(`merges readings ${item.firstSeq}..${item.lastSeq}`)
  }

  poke(): void {
    this.#give({ kind: 'poke' })
  }

  /** Everything behind the last receipt as ready batches, for a courier's file. */
  exportBatches(): { readonly epoch: string; readonly batches: readonly CourierBatch[] } {
    const batches: CourierBatch[] = []
    const { life } = this
    for (const lane of lanes) {
      const exported = batchesForCourier(life, lane, this.#line)
      batches.push(...exported.batches)
      this.#exportedSeq = { ...this.#exportedSeq, [lane]: exported.toSeq }
      this.#give({ kind: 'exported', lane, toSeq: exported.toSeq })
    }
    return { epoch: life.epoch, batches }
  }

  /** Receipts that a courier brings back. */
  bringReceipt(receipt: Receipt): void {
    if (this.#state === null || receipt.epoch !== this.life.epoch) return
    const { lane } = receipt
    this.#give({ kind: 'receipt_brought', lane, receipt, judgement: this.#judge(lane, receipt) })
  }

  tell(what: string): void {
    this.parts.trace(`${this.parts.name} ${what}`)
  }

  #appendRecord(kind: string, body: object): void {
    if (this.#isFull) return
    this.life.appendRecord(this.parts.scheduler.nowMs, kind, body)
    this.#give({ kind: 'appended', lane: 'records', lastSeq: this.life.journal.records.lastSeq })
  }

  #dies(when: 'before' | 'after'): boolean {
    return this.parts.scheduler.nowMs <= chaosMs && this.crashPlan?.strikes(when) === true
  }

  #crashNow(why: string): void {
    const { losesReceipt = false } = this.crashPlan ?? {}
    this.crashPlan = null
    this.crash(losesReceipt ? `${why}, and loses its last receipt` : why, { losesReceipt })
  }

  #give(input: UplinkInput): void {
    if (this.#state === null) return
    const { scheduler, random } = this.parts
    const before = this.#state
    const { state, effects } = uplinkStep(this.#state, input, {
      nowMs: scheduler.nowMs,
      wallMs: this.#wallMs(),
      random: random.next(),
    })
    this.#state = state
    const run = this.#run
    for (const effect of effects) {
      if (this.#dies('before')) this.#crashNow(`before ${effect.kind}`)
      if (run !== this.#run) return
      this.violations.push(...wrongTaking(effect, before, { parts: this.parts, life: this.life, news: input }))
      this.#perform(effect)
      if (run === this.#run && this.#dies('after')) this.#crashNow(`after ${effect.kind}`)
      if (run !== this.#run) return
    }
    learn(this.life, input, { before, after: state, effects, canKeep: !this.#isFull })
  }

  /** Calls back unless the program has been started anew since. */
  #later(delayMs: number, act: () => void): void {
    const run = this.#run
    this.parts.scheduler.after(delayMs, () => void (run === this.#run && act()))
  }

  #wallMs(): number {
    return Math.floor(wallStartMs + this.parts.scheduler.nowMs + this.skewMs)
  }

  #perform(effect: UplinkEffect): void {
    switch (effect.kind) {
      case 'ask_cursor':
        return this.#askCursor(effect)
      case 'read_batch':
        return this.#line.settleVersion(
          (done) =>
            this.#request<'cursor'>({ kind: 'cursor', epoch: this.life.epoch }, uplinkLimits.requestTimeoutMs, done),
          () => this.#later(this.parts.random.between(1, 30), () => this.#readBatch(effect)),
        )
      case 'send':
        return this.#send(effect)
      case 'set_aside':
        return this.#later(2, () => this.#keepApart(effect))
      case 'store_receipt':
        return this.#receipts.store(effect.lane, pointOf(effect.receipt))
      case 'adopt_cursor': {
        const { lane, point, receipt } = effect
        this.tell(`takes over ${lane} ${point.seq} from the cloud`)
        return this.#receipts.adopt(lane, { point, isBeginning: receipt === null })
      }
      case 'note_doubt': {
        const { lane, doubt } = effect
        return this.#disk.keep(`doubt ${lane}`, 0, () => void (this.life.doubt[lane] = doubt))
      }
      case 'report_trouble':
        return this.#report(effect)
      case 'record_outage':
        return this.#later(1, () => this.#appendRecord('outage', outageBody(effect)))
      case 'wake': {
        const wake = ++this.#wakes
        this.#later(effect.afterMs, () => void (wake === this.#wakes && this.#give({ kind: 'wake' })))
      }
    }
  }

  #keepApart({ lane, flight, fromSeq, toSeq }: EffectOf<'set_aside'>): void {
    if (this.#isFull) return this.#give({ kind: 'read_failed', lane, flight, cause: 'ENOSPC' })
    const { journal } = this.life
    if (this.parts.scheduler.nowMs < uplinkLimits.poisonAfterMs)
      this.violations.push(`${this.parts.name} sets ${lane} ${fromSeq}..${toSeq} aside within the first hour`)
    if (++this.setAside[lane] > uplinkLimits.poisonPerDayMax)
      this.violations.push(`${this.parts.name} sets more rows of ${lane} aside than a day allows`)
    this.tell(`sets ${lane} ${fromSeq}..${toSeq} aside`)
    const items = journal[lane].items.filter((item) => item.lastSeq >= fromSeq && item.firstSeq <= toSeq)
    journal[lane].remove(items, 'poison')
    this.life.truth[lane].lose({ firstSeq: fromSeq, lastSeq: toSeq }, 'poison')
    this.#give({ kind: 'set_aside_done', lane, flight })
  }

  #request<Kind extends Request['kind']>(
    request: Asking<Kind>,
    timeoutMs: number,
    done: (outcome: Outcome) => void,
  ): void {
    const run = this.#run
    this.#line.request<Kind>(request, { wallMs: this.#wallMs(), timeoutMs }, (outcome) => {
      if (run !== this.#run) return
      this.#line.learnTime(outcome, this.#wallMs())
      done(outcome)
    })
  }

  #askCursor({ timeoutMs, ...asked }: EffectOf<'ask_cursor'>): void {
    this.#request<'cursor'>({ kind: 'cursor', epoch: this.life.epoch }, timeoutMs, (outcome) => {
      const flight = this.parts.bug === 'late_answer_taken' ? (this.#state?.link.flight ?? 0) : asked.flight
      if (outcome.kind === 'failed') return this.#give({ kind: 'cursor_failed', flight, failure: outcome.failure })
      if (outcome.kind !== 'cursor') return
      const { cursor } = outcome
      this.#line.learnOf(cursor)
      this.#give({
        kind: 'cursor_known',
        flight,
        lanes: this.#line.newsOf(cursor, this.#judge),
        troubles: this.parts.bug === 'troubles_not_read' ? [] : (cursor.troubles ?? []),
      })
    })
  }

  /** Compares what the cloud says that it holds with what lies here. */
  readonly #judge = (name: Lane, receipt: Receipt): ReceiptJudgement => {
    const confirmed = this.#state?.lanes[name].confirmed
    const read = this.#read[name]
    let held: LanePoint | null = null
    if (confirmed !== undefined && receipt.up_to_seq > confirmed.seq) {
      if (read?.kind === 'rows' && read.toSeq === receipt.up_to_seq && read.after?.digest === receipt.digest)
        held = read.after
      else held = this.life.journal[name].heldAt(confirmed, receipt.up_to_seq)
    }
    return this.#line.judge(receipt, { epoch: this.life.epoch, lane: name, held })
  }

  #readBatch({ lane, flight, bytesMax, single }: EffectOf<'read_batch'>): void {
    const confirmed = this.#state?.lanes[lane].confirmed
    if (confirmed === undefined) return
    const { random, bug } = this.parts
    // That the rows left is noted on the disk first.
    if (this.#isFull) return this.#give({ kind: 'read_failed', lane, flight, cause: 'ENOSPC' })
    // A small disk and a small line: a few commits a batch, so that there are many batches.
    const read = this.life.journal[lane].read(confirmed, Math.min(bytesMax, random.between(50, 600)), {
      single,
      noticesDamage: bug !== 'damage_not_noticed',
    })
    this.#read[lane] = read
    const { fromSeq, toSeq } = read
    if (read.kind === 'gone') {
      const reason = bug === 'wrong_reason' ? 'space' : read.reason
      return this.#give({ kind: 'range_gone', lane, flight, fromSeq, toSeq, reason })
    }
    const { bytes, items } = read
    this.#give({ kind: 'batch_read', lane, flight, fromSeq, toSeq, bytes, single: items.length === 1 })
  }

  #send(effect: EffectOf<'send'>): void {
    const { lane, timeoutMs } = effect
    const journal = this.life.journal[lane]
    journal.sentSeq = Math.max(journal.sentSeq, effect.toSeq)
    const isRetry = (this.#state?.lanes.records.tries ?? 0) > 0
    const waiting = this.#state === null ? null : waitingBeside(this.#state, effect)
    const bytes = this.#line.encode(this.life.epoch, effect, this.#read[lane], { isRetry, waiting })
    this.#request<'batch'>({ kind: 'batch', bytes }, timeoutMs, (outcome) => {
      const flight = this.parts.bug === 'late_answer_taken' ? (this.#state?.lanes[lane].flight ?? 0) : effect.flight
      this.#line.learnRefusal(outcome)
      if (outcome.kind === 'failed') return this.#give({ kind: 'send_failed', lane, flight, failure: outcome.failure })
      if (outcome.kind !== 'receipt') return
      const { receipt } = outcome
      this.#give({ kind: 'receipted', lane, flight, receipt, judgement: this.#judge(lane, receipt) })
    })
  }

  #report({ lane, trouble, seq, held }: EffectOf<'report_trouble'>): void {
    this.tell(`halts over ${lane}: ${trouble} at ${seq}`)
    if (this.#line.isOld) return
    const report = { protocol: protocolVersion, epoch: this.life.epoch, lane, kind: trouble, seq, held }
    this.#request<'trouble'>({ kind: 'trouble', report }, uplinkLimits.requestTimeoutMs, (outcome) => {
      if (outcome.kind === 'failed') this.#give({ kind: 'report_failed', lane })
    })
  }
}
