import { createHash, randomBytes, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { edgeIdSchema } from './lane.ts'
import { requestLimits } from './limits.ts'
import type { NonceMemory } from './nonce-memory.ts'

export const signatureHeaders = {
  edge: 'jidoka-edge',
  time: 'jidoka-time',
  nonce: 'jidoka-nonce',
  signature: 'jidoka-signature',
} as const

/** What is signed of a request. `path` includes the query, as it stands in the request line. */
export interface SignedRequest {
  readonly method: string
  readonly path: string
  /** Empty of a GET. */
  readonly body: Uint8Array
}

/**
 * Proves who sends a request and that nothing in it was changed: Ed25519 over method, path with query, digest of the
 * body, time and nonce.
 * @param nowMs wall clock, corrected by the `ClockOffset` of this line
 * @param nonce for tests; at least 128 random bits otherwise
 * @returns the headers to send with it
 */
export function signRequest(
  request: SignedRequest & {
    readonly edgeId: string
    readonly privateKey: KeyObject
    readonly nowMs: number
    readonly nonce?: string
  },
): Record<string, string> {
  const nonce = request.nonce ?? randomBytes(16).toString('base64url')
  const time = String(Math.round(request.nowMs))
  const signature = sign(null, signedText(request, request.edgeId, time, nonce), request.privateKey)
  return {
    [signatureHeaders.edge]: request.edgeId,
    [signatureHeaders.time]: time,
    [signatureHeaders.nonce]: nonce,
    [signatureHeaders.signature]: signature.toString('base64url'),
  }
}

export type RequestVerdict =
  | { readonly kind: 'ok' }
  | { readonly kind: 'missing'; readonly header: string }
  | { readonly kind: 'bad_signature' }
  /** Positive when the edge's clock is ahead. The answer carries the server's time in `jidoka-time`, see `ClockOffset`. */
  | { readonly kind: 'stale'; readonly skewMs: number }
  | { readonly kind: 'replayed' }

/** Which edge a request says it comes from, to find its key; null when it does not say. Nothing is proven by it. */
export function claimedEdge(headers: Headers): string | null {
  const parsed = edgeIdSchema.safeParse(headers.get(signatureHeaders.edge))
  return parsed.success ? parsed.data : null
}

/**
 * The signature comes before time and nonce, so that nobody without the key learns anything or fills the memory of nonces.
 * @param publicKey the enrolled key of the edge that `claimedEdge` names
 * @param nowMs wall clock of this server
 */
export function verifyRequest(
  request: SignedRequest & {
    readonly headers: Headers
    readonly publicKey: KeyObject
    readonly nowMs: number
    readonly nonces: NonceMemory
  },
): RequestVerdict {
  const { headers, nowMs } = request
  const edgeId = headers.get(signatureHeaders.edge)
  const time = headers.get(signatureHeaders.time)
  const nonce = headers.get(signatureHeaders.nonce)
  const signature = headers.get(signatureHeaders.signature)
  if (edgeId === null) return { kind: 'missing', header: signatureHeaders.edge }
  if (time === null || !/^\d{1,15}$/.test(time)) return { kind: 'missing', header: signatureHeaders.time }
  if (nonce === null || nonce === '' || nonce.length > requestLimits.nonceLengthMax)
    return { kind: 'missing', header: signatureHeaders.nonce }
  if (signature === null) return { kind: 'missing', header: signatureHeaders.signature }
  const bytes = Buffer.from(signature, 'base64url')
  if (!verify(null, signedText(request, edgeId, time, nonce), request.publicKey, bytes))
    return { kind: 'bad_signature' }
  const timeMs = Number(time)
  if (Math.abs(timeMs - nowMs) > requestLimits.clockSkewMsMax) return { kind: 'stale', skewMs: timeMs - nowMs }
  return request.nonces.remember(edgeId, nonce, timeMs, nowMs) ? { kind: 'ok' } : { kind: 'replayed' }
}

/** The first line names the scheme, so that a signature of it can never pass as one of something else. No part can hold a line end. */
function signedText(request: SignedRequest, edgeId: string, time: string, nonce: string): Buffer {
  const bodyDigest = createHash('sha256').update(request.body).digest('hex')
  return Buffer.from(
    ['jidoka-request-1', edgeId, request.method.toUpperCase(), request.path, bodyDigest, time, nonce].join('\n'),
  )
}
