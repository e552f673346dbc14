import { RefusalError } from '../../platform/http/problem.ts'
import { httpLimits } from '../../platform/http/limits.ts'
import { busyRetryMs } from './busy.ts'

/** Who gets how much of the memory for bodies of batches, each with what would happen without it. */
export const bodyLimits = {
  /** Urgent records of an edge that is up to date are a few kilobytes; a backlog comes in larger ones. */
  smallBytesMax: 256 * 1024,
  /** For small bodies alone, 256 at least: uploads of readings over slow lines hold theirs for a minute, and no alarm would come through. */
  keptForSmallBytes: 64 * 1024 * 1024,
  /** An edge has one for each lane, and again one that it gave up while this end still reads. More, and who knows the id of one edge takes the room of all. */
  largeOfEdgeMax: 4,
  smallOfEdgeMax: 16,
} as const

interface Open {
  small: number
  large: number
}

/** Counts bodies of batches that are in memory, by what they say of their length and before anything of them is proven. */
export class BodyBudget {
  readonly #bytes: Open = { small: 0, large: 0 }
  readonly #ofEdges = new Map<string, Open>()

  /** Does work that needs a body of an edge in memory. @throws RefusalError `busy`, before the work is begun */
  async hold<Result>(edgeId: string, claimedBytes: number, work: () => Promise<Result>): Promise<Result> {
    const size = claimedBytes <= bodyLimits.smallBytesMax ? 'small' : 'large'
    const ofEdge = this.#ofEdges.get(edgeId) ?? { small: 0, large: 0 }
    if (!this.#hasRoom(size, claimedBytes) || ofEdge[size] >= bodyLimits[`${size}OfEdgeMax`])
      throw new RefusalError({ kind: 'busy', retry_after_ms: busyRetryMs })
    this.#ofEdges.set(edgeId, ofEdge)
    this.#bytes[size] += claimedBytes
    ofEdge[size]++
    try {
      return await work()
    } finally {
      this.#bytes[size] -= claimedBytes
      ofEdge[size]--
      if (ofEdge.small + ofEdge.large === 0) this.#ofEdges.delete(edgeId)
    }
  }

  #hasRoom(size: keyof Open, claimedBytes: number): boolean {
    const { small, large } = this.#bytes
    if (small + large + claimedBytes > httpLimits.batchBodyBytesMax) return false
    return size === 'small' || large + claimedBytes <= httpLimits.batchBodyBytesMax - bodyLimits.keptForSmallBytes
  }
}
