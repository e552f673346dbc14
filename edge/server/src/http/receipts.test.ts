import {
  edgePaths,
  envelope,
  keptReceiptSchema,
  receiptsVerificationSchema,
  recognise,
  verifiedReceiptSchema,
} from '@jidoka/contract'
import type { KeptReceiptView } from '@jidoka/contract'
import { createLog } from '@jidoka/base'
import { beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { ReceiptDeskError } from '../uplink/receipt-desk.ts'
import { WorkerClient } from '../threads/worker-client.ts'
import type { ReceiptsQuestion } from '../uplink/receipt-desk.ts'
import { HttpHarness, problemOf } from './testing/http-harness.ts'

const receipt: KeptReceiptView = {
  id: 12,
  lane: 'readings',
  epoch: '0198aaaa-0000-7000-8000-000000000001',
  is_present_epoch: true,
  from_seq: 101,
  up_to_seq: 200,
  rows: 100,
  rows_total: 200,
  digest: '0123456789abcdef',
  received_at: '2026-11-21T00:00:00.000Z',
  key_id: 'k1',
}

let edge: HttpHarness
let asked: ReceiptsQuestion[]
let refusal: Error | null
beforeEach(() => {
  edge = new HttpHarness()
  asked = []
  refusal = null
  const { receipts } = edge.services
  edge.restart({
    receipts: {
      ...receipts,
      list: (question) => {
        asked.push(question)
        return { receipts: [receipt], next: 12 }
      },
      verify: (id) => (refusal === null ? Promise.resolve(id === 12 ? 'rows_match' : null) : Promise.reject(refusal)),
      beginVerification: () => {
        if (refusal !== null) throw refusal
        return { ...receipts.verification(), state: 'running' }
      },
    },
  })
})

test('a page of receipts is for everybody who may see the board, and says how the next is asked for', async () => {
  const query = `${edgePaths.receipts}?lane=readings&up_to=200&before=40&limit=1`
  expect(await problemOf(edge.get(query))).toMatchObject({ kind: 'not_signed_in' })
  const answer = await edge.get(query, await edge.cookieOf('viewer'))
  const { data, meta } = envelope(z.array(keptReceiptSchema)).parse(await answer.json())
  expect([data, meta.next_cursor]).toEqual([[receipt], '12'])
  expect(asked).toEqual([{ lane: 'readings', upToSeq: 200, beforeId: 40, limit: 1 }])
})

test('questions out of range are refused', async () => {
  const cookie = await edge.cookieOf('viewer')
  for (const query of ['limit=0', 'limit=201', 'limit=x', 'up_to=0', 'before=-1', 'lane=other', 'cursor=abc'])
    expect(await problemOf(edge.get(`${edgePaths.receipts}?${query}`, cookie))).toMatchObject({ kind: 'invalid_input' })
  const { errors } = await problemOf(edge.get(`${edgePaths.receipts}?cursor=abc`, cookie))
  expect(errors).toEqual([{ path: '', message: expect.stringContaining('before (`meta.next_cursor`') as string }])
  for (const body of [{}, { id: 0 }, { id: 1.5 }, { id: 12, all: true }])
    expect(await problemOf(edge.post(edgePaths.receiptVerify, body, { cookie }))).toMatchObject({
      kind: 'invalid_input',
    })
})

test('one receipt is verified for everybody, one that is not kept is not found', async () => {
  const cookie = await edge.cookieOf('viewer')
  const answer = await edge.post(edgePaths.receiptVerify, { id: 12 }, { cookie })
  expect(envelope(verifiedReceiptSchema).parse(await answer.json()).data).toEqual({ id: 12, verdict: 'rows_match' })
  expect(await problemOf(edge.post(edgePaths.receiptVerify, { id: 13 }, { cookie }))).toMatchObject({
    kind: 'not_found',
  })
  refusal = new ReceiptDeskError('never enrolled')
  expect(await problemOf(edge.post(edgePaths.receiptVerify, { id: 12 }, { cookie }))).toMatchObject({
    kind: 'conflict',
  })
})

test('a queue that is full is told as "not available at present", with when to come again', async () => {
  const cookie = await edge.cookieOf('viewer')
  const worker = new WorkerClient<{ verify: () => void }>({
    name: 'receipts',
    url: new URL('data:text/javascript,'),
    data: null,
    log: createLog('test', { level: 'silent' }),
    waitingMax: 0,
  })
  refusal = await worker.call('verify', undefined).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error : null),
  )
  const answer = await edge.post(edgePaths.receiptVerify, { id: 12 }, { cookie })
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  const { kind, detail } = await problemOf(answer)
  expect([kind, recognise(detail)]).toEqual(['unavailable', { code: 'threads.busy', values: { thread: 'receipts' } }])
})

test('all are verified by who may settle things here, and everybody sees what was found', async () => {
  const [viewer, admin] = [await edge.cookieOf('viewer'), await edge.cookieOf('admin')]
  const begin = (cookie: string) => edge.post(edgePaths.receiptsVerification, {}, { cookie })
  expect(await problemOf(begin(viewer))).toMatchObject({ kind: 'not_permitted' })
  const answer = await begin(admin)
  expect(envelope(receiptsVerificationSchema).parse(await answer.json()).data.state).toBe('running')
  const seen = await edge.get(edgePaths.receiptsVerification, viewer)
  expect(envelope(receiptsVerificationSchema).parse(await seen.json()).data.state).toBe('none')
  refusal = new ReceiptDeskError('it runs')
  expect(await problemOf(begin(admin))).toMatchObject({ kind: 'conflict', detail: 'it runs' })
})
