import { expect, test } from 'vitest'
import { ClockOffset } from './clock-offset.ts'
import { generateEdgeKey, importPublicKey } from './keys.ts'
import { requestLimits } from './limits.ts'
import { NonceMemory } from './nonce-memory.ts'
import { claimedEdge, signatureHeaders, signRequest, verifyRequest } from './signing.ts'
import type { SignedRequest } from './signing.ts'

const edgeId = '0193a1b2-0000-7000-8000-000000000001'
const nowMs = 1_790_000_000_000
const key = generateEdgeKey()
const publicKey = importPublicKey(key.publicKey)
const request: SignedRequest = { method: 'POST', path: '/sync/v1/batches?x=1', body: Buffer.from('body') }
const signed = (at = nowMs, nonce?: string) =>
  new Headers(
    signRequest({
      ...request,
      edgeId,
      privateKey: key.privateKey,
      nowMs: at,
      ...(nonce === undefined ? {} : { nonce }),
    }),
  )
const verify = (headers: Headers, more: Partial<SignedRequest> = {}, nonces = new NonceMemory()) =>
  verifyRequest({ ...request, ...more, headers, publicKey, nowMs, nonces })

test('a signed request is accepted once and refused as replayed the second time', () => {
  const nonces = new NonceMemory()
  const headers = signed()
  expect(claimedEdge(headers)).toBe(edgeId)
  expect(verify(headers, {}, nonces)).toEqual({ kind: 'ok' })
  expect(verify(headers, {}, nonces)).toEqual({ kind: 'replayed' })
  expect(verify(signed(), {}, nonces)).toEqual({ kind: 'ok' })
})

test('a changed method, path, query, body, edge, time or nonce breaks the signature', () => {
  expect(verify(signed(), { method: 'PUT' })).toEqual({ kind: 'bad_signature' })
  expect(verify(signed(), { path: '/sync/v1/batches?x=2' })).toEqual({ kind: 'bad_signature' })
  expect(verify(signed(), { body: Buffer.from('bodY') })).toEqual({ kind: 'bad_signature' })
  for (const [name, value] of [
    [signatureHeaders.edge, '0193a1b2-0000-7000-8000-000000000002'],
    [signatureHeaders.time, String(nowMs + 1)],
    [signatureHeaders.nonce, 'another'],
    [signatureHeaders.signature, 'A'.repeat(86)],
    [signatureHeaders.signature, 'short'],
  ] as const) {
    const headers = signed()
    headers.set(name, value)
    expect([name, verify(headers).kind]).toEqual([name, 'bad_signature'])
  }
})

test('a missing or unreadable header is named', () => {
  for (const name of Object.values(signatureHeaders)) {
    const headers = signed()
    headers.delete(name)
    expect(verify(headers)).toEqual({ kind: 'missing', header: name })
  }
  const headers = signed()
  headers.set(signatureHeaders.nonce, 'n'.repeat(requestLimits.nonceLengthMax + 1))
  expect(verify(headers)).toEqual({ kind: 'missing', header: signatureHeaders.nonce })
})

test('a request beyond the window is stale and tells the skew, within it the clock does not matter', () => {
  expect(verify(signed(nowMs - requestLimits.clockSkewMsMax))).toEqual({ kind: 'ok' })
  expect(verify(signed(nowMs - requestLimits.clockSkewMsMax - 1))).toEqual({
    kind: 'stale',
    skewMs: -requestLimits.clockSkewMsMax - 1,
  })
  expect(verify(signed(nowMs + 3_600_000))).toEqual({ kind: 'stale', skewMs: 3_600_000 })
})

test('an edge whose clock is an hour off gets through after one answer', () => {
  const offset = new ClockOffset()
  const edgeClockMs = nowMs - 3_600_000
  expect(verify(signed(offset.apply(edgeClockMs))).kind).toBe('stale')
  expect(offset.learn(new Headers({ [signatureHeaders.time]: String(nowMs) }), edgeClockMs)).toBe(true)
  expect(verify(signed(offset.apply(edgeClockMs)))).toEqual({ kind: 'ok' })
  expect(offset.offsetMs).toBe(3_600_000)
})

test('an answer without a time of this century leaves the offset alone', () => {
  const offset = new ClockOffset()
  for (const text of [null, '', 'soon', '-5', '99999999999999'])
    expect(offset.learn(new Headers(text === null ? {} : { [signatureHeaders.time]: text }), nowMs)).toBe(false)
  expect(offset.offsetMs).toBe(0)
})

test('a bounded memory never lets a copy pass, and forgets nothing of other edges', () => {
  const nonces = new NonceMemory(10)
  expect(nonces.remember('other', 'first', nowMs, nowMs)).toBe(true)
  for (let index = 0; index < 100; index++)
    expect(nonces.remember('busy', `n${index}`, nowMs + index, nowMs)).toBe(true)
  expect(nonces.size).toBe(11)
  for (let index = 0; index < 100; index++)
    expect(nonces.remember('busy', `n${index}`, nowMs + index, nowMs), `n${index}`).toBe(false)
  expect(nonces.remember('busy', 'late', nowMs + 50, nowMs)).toBe(false)
  expect(nonces.remember('other', 'first', nowMs, nowMs)).toBe(false)
})

test('nonces beyond the window are forgotten', () => {
  const nonces = new NonceMemory()
  for (let index = 0; index < 1_000; index++) nonces.remember(`edge-${index}`, 'n', nowMs, nowMs)
  const laterMs = nowMs + requestLimits.clockSkewMsMax + 1
  for (let index = 0; index < 1_100; index++) nonces.remember('one', `n${index}`, laterMs, laterMs)
  expect(nonces.size).toBeLessThan(1_200)
})
