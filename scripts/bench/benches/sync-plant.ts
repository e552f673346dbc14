import { mergeSegments, SegmentBuilder } from '@jidoka/sync-protocol'
import { newRandom } from '../../../edge/server/bench/made-store.ts'

/** The appliance's table of figures has the same plant: 2,000 tags, each once a second. */
export const tagsOfPlant = 2_000
/** As the edge commits on a busy line, and what it merges and slices them into for the line. */
const readingsPerCommit = 500
const readingsPerSegment = 65_536

export interface PlantReading {
  readonly tagNo: number
  readonly timeMs: number
  readonly value: number
}

/**
 * Readings of a plant from one seed: each tag once a second, a random walk with two decimals and some milliseconds of jitter; the formula of
 * the appliance's own figures. Every size and speed of this bench is of these.
 */
export class Plant {
  readonly tags: number
  readonly startMs: number
  readonly #random = newRandom()
  readonly #last: Float64Array
  /** Number of the next reading, from 1. */
  seq = 1

  constructor(tags: number, startMs = Date.UTC(2026, 10, 1)) {
    this.tags = tags
    this.startMs = startMs
    this.#last = Float64Array.from({ length: tags }, () => 8_000)
  }

  next(): PlantReading {
    const seq = this.seq++
    const tag = seq % this.tags
    const timeMs = this.startMs + Math.floor((seq / this.tags) * 1_000 + this.#random() * 3)
    const value = (this.#last[tag] as number) + Math.round((this.#random() - 0.5) * 20)
    this.#last[tag] = value
    return { tagNo: tag + 1, timeMs, value: value / 100 }
  }

  /** The next readings as the edge's journal has them at first. */
  commit(count: number): Uint8Array {
    const builder = new SegmentBuilder()
    const firstSeq = this.seq
    for (let index = 0; index < count; index++) {
      const { tagNo, timeMs, value } = this.next()
      builder.push(tagNo, timeMs, value, 'good')
    }
    return builder.encode(firstSeq, this.startMs + Math.ceil((this.seq / this.tags) * 1_000))
  }

  /** The next readings as a backlog leaves the edge: commits merged into segments. */
  merged(count: number): Uint8Array[] {
    const segments: Uint8Array[] = []
    for (let left = count; left > 0; left -= readingsPerSegment) {
      const commits: Uint8Array[] = []
      for (let inside = Math.min(left, readingsPerSegment); inside > 0; inside -= readingsPerCommit)
        commits.push(this.commit(Math.min(inside, readingsPerCommit)))
      segments.push(mergeSegments(commits))
    }
    return segments
  }
}
