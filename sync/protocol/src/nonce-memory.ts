import { requestLimits } from './limits.ts'

interface EdgeNonces {
  readonly timeMsOf: Map<string, number>
  /** Of the newest nonce that had to be forgotten while it could still be replayed. */
  forgottenUpToMs: number
}

/** 1,024 requests: the memory of edges that have gone is freed within minutes, at a cost that nobody notices. */
const requestsBetweenSweeps = 1_024

/**
 * Which requests of the last minutes have been seen. Bounded for each edge, and still exact: when an edge has more
 * requests in the window than fit, the oldest is forgotten and everything as old as it counts as seen. A busy edge has then to repeat
 * a late request with a new time; a copied request never passes. One per process: behind several processes a copy may
 * pass once in each, which the sequence numbers make harmless.
 */
export class NonceMemory {
  readonly #edges = new Map<string, EdgeNonces>()
  readonly #perEdgeMax: number
  #untilSweep = requestsBetweenSweeps

  constructor(perEdgeMax: number = requestLimits.noncesPerEdgeMax) {
    this.#perEdgeMax = perEdgeMax
  }

  /** False when this nonce of this edge was seen before, or might have been. Call it only after the signature was verified. */
  remember(edgeId: string, nonce: string, timeMs: number, nowMs: number): boolean {
    if (--this.#untilSweep <= 0) this.#sweep(nowMs)
    let edge = this.#edges.get(edgeId)
    if (edge === undefined) {
      edge = { timeMsOf: new Map(), forgottenUpToMs: Number.NEGATIVE_INFINITY }
      this.#edges.set(edgeId, edge)
    }
    if (timeMs <= edge.forgottenUpToMs || edge.timeMsOf.has(nonce)) return false
    edge.timeMsOf.set(nonce, timeMs)
    if (edge.timeMsOf.size > this.#perEdgeMax) forgetExpired(edge, nowMs)
    while (edge.timeMsOf.size > this.#perEdgeMax) forgetOldest(edge)
    return true
  }

  get size(): number {
    let size = 0
    for (const edge of this.#edges.values()) size += edge.timeMsOf.size
    return size
  }

  #sweep(nowMs: number): void {
    this.#untilSweep = requestsBetweenSweeps
    for (const [edgeId, edge] of this.#edges) {
      forgetExpired(edge, nowMs)
      if (edge.timeMsOf.size === 0 && edge.forgottenUpToMs < nowMs - requestLimits.clockSkewMsMax)
        this.#edges.delete(edgeId)
    }
  }
}

/** What is refused as stale anyway needs no memory. */
function forgetExpired(edge: EdgeNonces, nowMs: number): void {
  for (const [nonce, timeMs] of edge.timeMsOf)
    if (timeMs < nowMs - requestLimits.clockSkewMsMax) edge.timeMsOf.delete(nonce)
}

function forgetOldest(edge: EdgeNonces): void {
  const [first] = edge.timeMsOf
  if (first === undefined) return
  const [nonce, timeMs] = first
  edge.timeMsOf.delete(nonce)
  edge.forgottenUpToMs = Math.max(edge.forgottenUpToMs, timeMs)
}
