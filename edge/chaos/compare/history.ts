import type { Segment } from '@jidoka/sync-protocol'

/** Sequence numbers of one block; blocks are what is compared between two looks at a lane. */
const blockSize = 4_096

const words = new Int32Array(2)
const float = new Float64Array(words.buffer)

/**
 * What a lane was found to hold, block by block: how many rows, and a sum over what they say. Kept between two looks, so
 * that a row that changed, moved or went is seen whatever merged it meanwhile. On purpose not the digest of the protocol:
 * a fault that both sides share would hide itself.
 */
export class LaneHistory {
  #blocks = new Map<number, { firstSeq: number; count: number; sum: number }>()

  addSegment(segment: Segment): void {
    for (let index = 0; index < segment.count; index++) {
      const seq = segment.firstSeq + index
      const kind = segment.kindAt(index)
      let hash = mix(mix(0, seq), segment.tagNo[index] as number)
      hash = mixFloat(hash, segment.timeMs[index] as number)
      hash = mix(hash, (segment.kind[index] as number) * 16 + (segment.quality[index] as number))
      hash =
        kind === 'text' ? mixText(hash, String(segment.value(index))) : mixFloat(hash, segment.number[index] as number)
      this.#add(seq, hash)
    }
  }

  addLine(seq: number, line: string): void {
    this.#add(seq, mixText(mix(0, seq), line))
  }

  /** Blocks that hold the same rows as before and say something else: first sequence number of each. As many others may stand there when what is old has gone. */
  changedSince(before: LaneHistory): number[] {
    const changed: number[] = []
    for (const [block, { firstSeq, count, sum }] of before.#blocks) {
      const now = this.#blocks.get(block)
      if (now?.firstSeq === firstSeq && now.count === count && now.sum !== sum) changed.push(block * blockSize + 1)
    }
    return changed
  }

  #add(seq: number, hash: number): void {
    const number = Math.floor((seq - 1) / blockSize)
    const block = this.#blocks.get(number)
    if (block === undefined) this.#blocks.set(number, { firstSeq: seq, count: 1, sum: hash })
    else {
      block.count++
      block.sum = (block.sum + hash) | 0
    }
  }
}

function mix(state: number, word: number): number {
  const h = Math.imul(state ^ word ^ (word / 2 ** 32), 0x85ebca6b)
  return Math.imul(h ^ (h >>> 13), 0xc2b2ae35) ^ (h >>> 16)
}

function mixFloat(state: number, value: number): number {
  float[0] = value
  return mix(mix(state, words[0] as number), words[1] as number)
}

function mixText(state: number, text: string): number {
  let hash = mix(state, text.length)
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}
