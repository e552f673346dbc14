import type { KeyObject } from 'node:crypto'
import type { Clock } from '@jidoka/base'
import { claimedEdge, importPublicKey, NonceMemory, signatureHeaders, verifyRequest } from '@jidoka/sync-protocol'
import type { Database } from '../../platform/db/database.ts'
import type { EventHub } from '../../platform/events.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import type { SharedNonces } from '../../platform/redis/nonces.ts'
import { EdgeMemory } from './edge-memory.ts'
import { Gathered } from './gathered.ts'
import { findEdgesOfAnyTenant } from './repository.ts'
import type { SeenEdges } from './seen-edges.ts'

/** Who sent a request, as its signature proves. */
export interface EdgeIdentity {
  readonly tenantId: string
  readonly edgeId: string
}

/** Which edge a request says it is from; nothing is proven yet. */
export interface ClaimedEdge extends EdgeIdentity {
  readonly publicKey: KeyObject
  readonly isRevoked: boolean
}

export interface AuthenticatorParts {
  readonly database: Database
  readonly clock: Clock
  readonly hub: EventHub
  readonly seen: Pick<SeenEdges, 'note'>
  /** What all processes remember together; null: each for itself. */
  readonly nonces: Pick<SharedNonces, 'claim'> | null
}

/**
 * Finds out which edge signed a request. Nonces are remembered by process, and in Redis for all of them. Without Redis a copy may pass once in each process, and is
 * harmless there, since every message of an edge says the same the second time. A table of nonces would be a commit for each request, about as dear as the request.
 */
export class EdgeAuthenticator {
  readonly #parts: AuthenticatorParts
  readonly #memory: EdgeMemory<ClaimedEdge>
  readonly #nonces = new NonceMemory()
  readonly #lookups: Gathered<string, ClaimedEdge | null>

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts
    this.#lookups = new Gathered((_, edgeIds) => this.#lookAll(edgeIds))
    this.#memory = new EdgeMemory(parts.clock, parts.hub)
  }

  /**
   * Which edge a request says it is from, before its body is read: who names no edge of ours gets no memory.
   * @throws RefusalError
   */
  async find(request: Request): Promise<ClaimedEdge> {
    const edgeId = claimedEdge(request.headers)
    return known(edgeId === null ? undefined : await this.#look(edgeId))
  }

  /**
   * The same without the database, where the edge was found a moment ago. A revocation that another process has made may not have come here yet: only
   * for what looks for it again in the transaction that does the work.
   * @throws RefusalError
   */
  async recall(request: Request): Promise<ClaimedEdge> {
    const edgeId = claimedEdge(request.headers)
    return known(edgeId === null ? undefined : await this.#memory.find(edgeId, () => this.#look(edgeId)))
  }

  #look(edgeId: string): Promise<ClaimedEdge | null> {
    return this.#lookups.ask('', edgeId)
  }

  async #lookAll(edgeIds: readonly string[]): Promise<(ClaimedEdge | null)[]> {
    const found = await this.#parts.database.asDirectory(
      (directory) => findEdgesOfAnyTenant(directory, edgeIds),
      edgeIds.length,
    )
    const edges = new Map(found.map((edge) => [edge.id, edge]))
    return edgeIds.map((edgeId) => {
      // As it was given out. Whoever writes it in capitals is no edge: under two spellings one edge would have two memories of nonces, and two budgets.
      const edge = edges.get(edgeId)
      if (edge === undefined) return null
      const { tenant_id: tenantId, public_key: publicKey, revoked_at: revokedAt } = edge
      return { tenantId, edgeId, publicKey: importPublicKey(publicKey), isRevoked: revokedAt !== null }
    })
  }

  /** Whether it really is. @throws RefusalError */
  async verify(edge: ClaimedEdge, request: Request, body: Uint8Array): Promise<EdgeIdentity> {
    const { pathname, search } = new URL(request.url)
    const verdict = verifyRequest({
      method: request.method,
      path: pathname + search,
      body,
      headers: request.headers,
      publicKey: edge.publicKey,
      nowMs: this.#parts.clock.nowMs(),
      nonces: this.#nonces,
    })
    if (verdict.kind === 'missing' || verdict.kind === 'bad_signature')
      throw new RefusalError({ kind: 'bad_signature' })
    if (verdict.kind === 'stale') throw new RefusalError({ kind: 'stale', skew_ms: Math.round(verdict.skewMs) })
    if (verdict.kind === 'replayed') throw new RefusalError({ kind: 'replayed' })
    // Only who holds the key learns that it was revoked.
    if (edge.isRevoked) throw new RefusalError({ kind: 'revoked' })
    const nonce = request.headers.get(signatureHeaders.nonce) ?? ''
    if ((await this.#parts.nonces?.claim(edge.edgeId, nonce)) === false) throw new RefusalError({ kind: 'replayed' })
    const identity = { tenantId: edge.tenantId, edgeId: edge.edgeId }
    this.#parts.seen.note(identity)
    return identity
  }
}

/** @param edge undefined where the request names none, null where there is no such edge */
function known(edge: ClaimedEdge | null | undefined): ClaimedEdge {
  if (edge === undefined) throw new RefusalError({ kind: 'bad_signature' })
  if (edge === null) throw new RefusalError({ kind: 'unknown_edge' })
  return edge
}
