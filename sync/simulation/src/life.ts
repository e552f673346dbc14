import { noDoubt } from '@jidoka/sync-engine'
import type { Doubt, LaneStart } from '@jidoka/sync-engine'
import { lanes, SegmentBuilder } from '@jidoka/sync-protocol'
import type { Lane } from '@jidoka/sync-protocol'
import { JournalLane } from './journal.ts'
import type { Item } from './journal.ts'
import { knowsNothing } from './knowledge.ts'
import type { Knowledge } from './knowledge.ts'
import { LaneTruth } from './model.ts'
import type { Random } from './random.ts'
import { readingText } from './row-text.ts'

/** Where simulated time begins on the wall. */
export const wallStartMs = 1_790_000_000_000

/** One epoch of a data folder: its journal on disk, and beside it what is true about it. */
export class Life {
  readonly epoch: string
  readonly startSeqs: Readonly<Record<Lane, number>>
  readonly journal: Readonly<Record<Lane, JournalLane>>
  readonly truth: Readonly<Record<Lane, LaneTruth>>
  /** Of each lane, on the disk: what it knows of two histories. */
  readonly doubt: Record<Lane, Doubt> = { records: noDoubt, readings: noDoubt }
  /** Lanes that know of two histories, by what came in and went out alone (watch.ts). */
  readonly knows: Record<Lane, Knowledge> = { records: knowsNothing, readings: knowsNothing }
  /** The epoch before, when this one goes on with its numbers. */
  readonly before: Life | null
  readonly #random: Random

  constructor(
    epoch: string,
    random: Random,
    parts: Pick<Life, 'startSeqs' | 'journal' | 'truth'> & { readonly before?: Life | null },
  ) {
    this.epoch = epoch
    this.#random = random
    this.startSeqs = parts.startSeqs
    this.journal = parts.journal
    this.truth = parts.truth
    this.before = parts.before ?? null
  }

  /** A data folder that was just made. */
  static fresh(epoch: string, random: Random, startSeq: number): Life {
    return new Life(epoch, random, {
      startSeqs: { records: startSeq, readings: startSeq },
      journal: { records: new JournalLane('records', startSeq), readings: new JournalLane('readings', startSeq) },
      truth: { records: new LaneTruth(startSeq), readings: new LaneTruth(startSeq) },
    })
  }

  /** What an image of the appliance's disk holds. */
  image(random: Random): Life {
    const { journal, truth } = this
    const image = new Life(this.epoch, random, {
      startSeqs: this.startSeqs,
      journal: { records: journal.records.copy(), readings: journal.readings.copy() },
      truth: { records: truth.records.copy(), readings: truth.readings.copy() },
      before: this.before,
    })
    Object.assign(image.doubt, this.doubt)
    Object.assign(image.knows, this.knows)
    return image
  }

  /** What a start of the program finds of a lane. */
  laneStart(lane: Lane): LaneStart {
    const { point: confirmed, lastSeq, sentSeq } = this.journal[lane]
    return { confirmed, lastSeq, sentSeq, startSeq: this.startSeqs[lane], doubt: this.doubt[lane] }
  }

  /** The same data folder in a new epoch, whose lanes go on with these numbers. */
  next(epoch: string, startSeqs: Readonly<Record<Lane, number>>): Life {
    for (const lane of lanes) this.journal[lane].beginEpoch(startSeqs[lane])
    return new Life(epoch, this.#random, { startSeqs, journal: this.journal, truth: this.truth, before: this })
  }

  /** Prepares a group commit of readings; what is returned writes it, and what that returns acknowledges it. */
  prepareReadings(nowMs: number): () => () => void {
    const random = this.#random
    const builder = new SegmentBuilder()
    const firstSeq = this.journal.readings.lastSeq + 1
    const texts = Array.from({ length: random.between(1, 12) }, () => {
      const reading = {
        tagNo: random.between(1, 5),
        timeMs: wallStartMs + Math.floor(nowMs),
        value: this.#value(),
        quality: random.chance(0.9) ? 'good' : 'bad',
      } as const
      builder.push(reading.tagNo, reading.timeMs, reading.value, reading.quality)
      return readingText(reading)
    })
    const bytes = builder.encode(firstSeq, wallStartMs)
    return () => {
      this.journal.readings.append({ firstSeq, lastSeq: firstSeq + texts.length - 1, bytes })
      return () => void this.truth.readings.rows.push(...texts)
    }
  }

  appendRecord(nowMs: number, kind: string, body: object): void {
    const seq = this.journal.records.lastSeq + 1
    const line = JSON.stringify({ seq, at_ms: Math.floor(nowMs), kind, body })
    this.journal.records.append({ firstSeq: seq, lastSeq: seq, bytes: new TextEncoder().encode(line) })
    this.truth.records.rows.push(line)
  }

  /** Room is short: the oldest readings that the cloud has not receipted go (the order of DESIGN), and are noted. */
  dropForSpace(): readonly Item[] {
    const items = this.#unreceipted().slice(0, this.#random.between(1, 3))
    this.journal.readings.remove(items, 'space')
    for (const item of items) this.truth.readings.lose(item, 'space')
    return items
  }

  /** Flips a bit of a segment that is yet to leave. */
  damageOne(): Item | null {
    const [item = null] = this.#unreceipted()
    if (item === null) return null
    this.journal.readings.damage(item, this.#random.between(0, 10_000))
    this.truth.readings.lose(item, 'damaged')
    return item
  }

  /** A receipt is taken of rows behind `fromSeq` up to `toSeq`, all of which had left. */
  noteUnsure(lane: Lane, fromSeq: number, toSeq: number): void {
    const journal = this.journal[lane]
    if (toSeq <= journal.sentSeq && !journal.holdsAll(fromSeq + 1, toSeq))
      this.truth[lane].unsure.push({ fromSeq: fromSeq + 1, toSeq })
  }

  /** What the background does with many small commits. */
  merge(): Item | null {
    return this.journal.readings.merge(this.#random.between(2, 6), (places) => this.#random.between(0, places - 1))
  }

  /** Removes some of the oldest rows, up to what a receipt covers; further in planted bugs. */
  prune(upToSeq: (lane: Lane) => number): void {
    for (const name of lanes) {
      const lane = this.journal[name]
      const old = lane.items.filter(({ lastSeq }) => lastSeq <= upToSeq(name))
      lane.remove(old.slice(0, this.#random.between(0, old.length)), 'pruned')
    }
  }

  #unreceipted(): readonly Item[] {
    const { items, point } = this.journal.readings
    return items.filter(({ firstSeq }) => firstSeq > point.seq)
  }

  #value(): number | boolean | string {
    const random = this.#random
    const kind = random.between(0, 9)
    if (kind === 0) return random.chance(0.5)
    if (kind === 1) return random.pick(['가동', '정지', 'RUN', ''])
    if (kind === 2) return random.pick([-0, 1 / 3, 5e-324, -1e300])
    return random.between(-5_000, 5_000) / 100
  }
}
