import { decodeSegment } from '@jidoka/sync-protocol'
import type { Segment } from '@jidoka/sync-protocol'
import { openReader } from '../../server/src/pipeline/index.ts'
import type { JournalReader } from '../../server/src/ports.ts'

/** Bytes that are taken from the reader at once. */
const stepBytes = 8 * 1024 * 1024

export type Lane = 'readings' | 'records'

export interface Gap {
  readonly lane: Lane
  readonly fromSeq: number
  readonly toSeq: number
  readonly reason: string
}

/** A closed store, looked at through the appliance's own reader. */
export class StoreView {
  readonly #reader: JournalReader

  constructor(dataFolder: string) {
    this.#reader = openReader({ dataFolder })
  }

  get reader(): JournalReader {
    return this.#reader
  }

  /** Segments and gaps of the readings lane in order. @throws when the two do not follow one another */
  *readings(): Generator<{ readonly segment: Segment } | { readonly gap: Gap }> {
    const lastSeq = this.#reader.lanes().readingsSeq
    let nextSeq = 1
    while (nextSeq <= lastSeq) {
      const stored = this.#reader.segments(nextSeq, stepBytes)
      const first = stored[0]
      if (first === undefined || first.firstSeq > nextSeq) {
        const gap = this.#gap('readings', nextSeq, first?.firstSeq ?? lastSeq + 1)
        yield { gap }
        nextSeq = gap.toSeq + 1
        continue
      }
      for (const { firstSeq, count, body } of stored) {
        if (firstSeq > nextSeq) break
        const segment = decodeSegment(body)
        if (firstSeq < nextSeq || segment.firstSeq !== firstSeq || segment.count !== count)
          throw new RangeError(`the segment at ${firstSeq} with ${count} readings lies over ${nextSeq}`)
        yield { segment }
        nextSeq += count
      }
    }
    if (nextSeq !== lastSeq + 1) throw new RangeError(`the readings end at ${nextSeq - 1} and the lane says ${lastSeq}`)
  }

  *records(): Generator<{ readonly seq: number; readonly line: string } | { readonly gap: Gap }> {
    const lastSeq = this.#reader.lanes().recordsSeq
    let nextSeq = 1
    while (nextSeq <= lastSeq) {
      const stored = this.#reader.recordLines(nextSeq, stepBytes)
      const first = stored[0]
      if (first === undefined || first.seq > nextSeq) {
        const gap = this.#gap('records', nextSeq, first?.seq ?? lastSeq + 1)
        yield { gap }
        nextSeq = gap.toSeq + 1
        continue
      }
      for (const row of stored) {
        if (row.seq > nextSeq) break
        yield row
        nextSeq++
      }
    }
    if (nextSeq !== lastSeq + 1) throw new RangeError(`the records end at ${nextSeq - 1} and the lane says ${lastSeq}`)
  }

  close(): void {
    this.#reader.close()
  }

  /** What the journal says of a hole; where it says nothing, the hole is a fault. */
  #gap(lane: Lane, fromSeq: number, heldAgainFrom: number): Gap {
    const known = this.#reader.gapFrom(lane, fromSeq)
    if (known === null || known.fromSeq > fromSeq)
      throw new RangeError(`the ${lane} from ${fromSeq} to ${heldAgainFrom - 1} are missing, and no gap says why`)
    return { lane, fromSeq, toSeq: Math.min(known.toSeq, heldAgainFrom - 1), reason: known.reason }
  }
}
