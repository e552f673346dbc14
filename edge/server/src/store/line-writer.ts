import { addTally, rangeOf, rangeRows } from '@jidoka/sync-protocol'
import type { Lane, RangeTally, Receipt } from '@jidoka/sync-protocol'
import type { CountedRanges, PoisonRows } from '../ports.ts'
import { meta, setMeta } from './database.ts'
import type { Database } from './database.ts'
import { startSeqs } from './epochs.ts'

export const receiptLimits = {
  /** Receipts of a lane that are kept beside those of outages: at one a second while the plant runs some three hours, of an idle one weeks. 10,000 are 5 MB. */
  keptMax: 10_000,
  /** Receipts that outages ended with: ten a day for a year. */
  keptOfOutagesMax: 3_650,
  /** How often older ones are looked for. */
  pruneEvery: 256,
} as const

/** Rows noted as poison are few a day; those of years ago are behind every receipt. */
const poisonKeptMax = 100_000

/** Name in `meta` up to which the receipted rows of a lane are in the sums of their ranges. */
const countedName: Readonly<Record<Lane, string>> = { records: 'counted_records_seq', readings: 'counted_readings_seq' }

/** In the place of such a number: no sum goes on from anywhere. */
const countedNowhere = -1

/** Writes what comes of the line to the cloud. Its methods belong inside the journal's commit. */
export class LineWriter {
  readonly #database: Database
  readonly #statements

  constructor(database: Database) {
    this.#database = database
    this.#statements = prepareAll(database)
  }

  receipt(receipt: Receipt, counted: CountedRanges | undefined): void {
    const { lane, epoch, up_to_seq: upToSeq, received_at_ms: receivedMs } = receipt
    const body = JSON.stringify(receipt)
    this.#statements.receipt.run(lane, body)
    const { lastInsertRowid } = this.#statements.history.run(lane, epoch, upToSeq, receivedMs, body)
    if (Number(lastInsertRowid) % receiptLimits.pruneEvery === 0) {
      this.#statements.prune.run(lane, 0, lane, 0, receiptLimits.keptMax)
      this.#statements.prune.run(lane, 1, lane, 1, receiptLimits.keptOfOutagesMax)
    }
    if (counted !== undefined) this.#count(lane, counted, upToSeq)
    else if (upToSeq <= this.#countedSeq(lane)) this.#uncount(lane, rangeOf(Math.max(1, upToSeq)))
  }

  receiptGone(lane: Lane): void {
    this.#statements.receiptGone.run(lane)
    this.#uncount(lane, 0)
  }

  /** The receipts that an outage ended with stay when older ones go. */
  keepReceipts(upTo: Readonly<Record<Lane, number>>): void {
    const epoch = meta(this.#database, 'epoch') ?? ''
    for (const lane of ['records', 'readings'] as const) this.#statements.keep.run(lane, epoch, upTo[lane])
  }

  poison({ lane, fromSeq, toSeq, detail }: PoisonRows, nowMs: number): void {
    this.#statements.poison.run(lane, fromSeq, toSeq, nowMs, detail.slice(0, 500))
    this.#statements.prunePoison.run(lane, lane, poisonKeptMax)
  }

  #countedSeq(lane: Lane): number {
    return Number(meta(this.#database, countedName[lane]) ?? startSeqs(this.#database)[lane] - 1)
  }

  /**
   * The cloud was set back into this range: what is counted from there on may come again as dropped, by a receipt that nobody counts and to the number
   * where the old sum ended, which would then go on with rows that the cloud has no more.
   */
  #uncount(lane: Lane, range: number): void {
    this.#statements.rangesGone.run(lane, range)
    setMeta(this.#database, countedName[lane], String(countedNowhere))
  }

  /**
   * A sum goes on where the last one ended. Where it does not (a receipt was lost in a crash, or the cloud was set back), what lies behind is
   * begun anew, and says from which number on.
   */
  #count(lane: Lane, { afterSeq, tallies }: CountedRanges, upToSeq: number): void {
    const isContinued = this.#countedSeq(lane) === afterSeq
    if (!isContinued) this.#statements.rangesGone.run(lane, rangeOf(afterSeq + 1))
    const startSeq = startSeqs(this.#database)[lane]
    for (const [range, tally] of tallies) {
      const kept = this.#statements.range.get(lane, range)
      const firstSeq = Math.max(startSeq, range * rangeRows + 1)
      const isBegunAnew = !isContinued && range === rangeOf(afterSeq + 1)
      const { count, sum, upToSeq: last } = addTally(kept, tally)
      const fromSeq = kept?.fromSeq ?? (isBegunAnew ? afterSeq + 1 : firstSeq)
      this.#statements.setRange.run(lane, range, fromSeq, last, count, sum)
    }
    setMeta(this.#database, countedName[lane], String(upToSeq))
  }
}

function prepareAll(database: Database) {
  return {
    receipt: database.prepare<[string, string]>('insert or replace into receipts (lane, body) values (?, ?)'),
    receiptGone: database.prepare<[string]>('delete from receipts where lane = ?'),
    history: database.prepare<[string, string, number, number, string]>(
      `insert into receipt_history (lane, epoch, up_to_seq, received_at_ms, body) values (?, ?, ?, ?, ?)
       on conflict (lane, epoch, up_to_seq) do update set received_at_ms = excluded.received_at_ms, body = excluded.body`,
    ),
    prune: database.prepare<[string, number, string, number, number]>(
      `delete from receipt_history where lane = ? and kept = ? and id <= (
         select id from receipt_history where lane = ? and kept = ? order by id desc limit 1 offset ?)`,
    ),
    keep: database.prepare<[string, string, number]>(
      'update receipt_history set kept = 1 where lane = ? and epoch = ? and up_to_seq = ?',
    ),
    poison: database.prepare<[string, number, number, number, string]>(
      'insert or replace into poison (lane, from_seq, to_seq, at_ms, detail) values (?, ?, ?, ?, ?)',
    ),
    prunePoison: database.prepare<[string, string, number]>(
      'delete from poison where lane = ? and from_seq <= (select from_seq from poison where lane = ? order by from_seq desc limit 1 offset ?)',
    ),
    rangesGone: database.prepare<[string, number]>('delete from range_sums where lane = ? and range >= ?'),
    range: database.prepare<[string, number], RangeTally & { readonly fromSeq: number }>(
      'select from_seq as fromSeq, up_to_seq as upToSeq, count, sum from range_sums where lane = ? and range = ?',
    ),
    setRange: database.prepare<[string, number, number, number, number, string]>(
      'insert or replace into range_sums (lane, range, from_seq, up_to_seq, count, sum) values (?, ?, ?, ?, ?, ?)',
    ),
  }
}
