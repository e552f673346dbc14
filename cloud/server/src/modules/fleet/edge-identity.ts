import type { Clock } from '@jidoka/base'
import { claimedEdge, importPublicKey, NonceMemory, verifyRequest } from '@jidoka/sync-protocol'
import type { Database } from '../../platform/db/database.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import type { KnownEdge } from './repository.ts'
import { findEdgeOfAnyTenant } from './repository.ts'

/** Who sent a request, as its signature proves. */
export interface EdgeIdentity {
  readonly tenantId: string
  readonly edgeId: string
}

/** Which edge a request says it is from; nothing is proven yet. */
export interface ClaimedEdge extends KnownEdge {
  readonly id: string
}

/** Finds out which edge signed a request. */
export class EdgeAuthenticator {
  #database: Database
  #clock: Clock
  #nonces = new NonceMemory()

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /**
   * Which edge a request says it is from, before its body is read: who names no edge of ours gets no memory.
   * @throws RefusalError
   */
  async find(request: Request): Promise<ClaimedEdge> {
    const edgeId = claimedEdge(request.headers)
    if (edgeId === null) throw new RefusalError({ kind: 'bad_signature' })
    const edge = await this.#database.asDirectory((directory) => findEdgeOfAnyTenant(directory, edgeId))
    if (edge === null) throw new RefusalError({ kind: 'unknown_edge' })
    return { ...edge, id: edgeId }
  }

  /** Whether it really is. @throws RefusalError */
  verify(edge: ClaimedEdge, request: Request, body: Uint8Array): EdgeIdentity {
    const { pathname, search } = new URL(request.url)
    const verdict = verifyRequest({
      method: request.method,
      path: pathname + search,
      body,
      headers: request.headers,
      publicKey: importPublicKey(edge.public_key),
      nowMs: this.#clock.nowMs(),
      nonces: this.#nonces,
    })
    if (verdict.kind === 'missing' || verdict.kind === 'bad_signature')
      throw new RefusalError({ kind: 'bad_signature' })
    if (verdict.kind === 'stale') throw new RefusalError({ kind: 'stale', skew_ms: Math.round(verdict.skewMs) })
    if (verdict.kind === 'replayed') throw new RefusalError({ kind: 'replayed' })
    // Only who holds the key learns that it was revoked.
    if (edge.revoked_at !== null) throw new RefusalError({ kind: 'revoked' })
    return { tenantId: edge.tenant_id, edgeId: edge.id }
  }
}
