import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import {
  edgePaths,
  keptReceiptSchema,
  receiptsQuerySchema,
  receiptsVerificationSchema,
  verifiedReceiptSchema,
  verifyReceiptSchema,
} from '@jidoka/contract'
import { ReceiptDeskError } from '../../uplink/receipt-desk.ts'
import { answers, body, enclose, signedInSecurity } from '../answers.ts'
import type { EdgeEnv, EdgeServices } from '../context.ts'
import { allow } from '../context.ts'
import { HttpProblem, notFound } from '../problem.ts'

const tags = ['Line to the cloud']
const security = signedInSecurity
const list = createRoute({
  method: 'get',
  path: edgePaths.receipts,
  tags,
  summary: 'What the cloud has signed for, newest first; `meta.next_cursor` goes into `before` for the page behind it',
  security,
  request: { query: receiptsQuerySchema },
  responses: answers(z.array(keptReceiptSchema), 'Receipts that are kept here'),
})
const verify = createRoute({
  method: 'post',
  path: edgePaths.receiptVerify,
  tags,
  summary: 'Hold one receipt against the keys of the cloud and the rows held here, without asking the cloud',
  security,
  request: body(verifyReceiptSchema),
  responses: answers(verifiedReceiptSchema, 'Whether it holds'),
})
const verification = createRoute({
  method: 'get',
  path: edgePaths.receiptsVerification,
  tags,
  summary: 'The verification of all receipts that runs, or the last one since the start',
  security,
  responses: answers(receiptsVerificationSchema, 'What it found'),
})
const beginVerification = createRoute({
  method: 'post',
  path: edgePaths.receiptsVerification,
  tags,
  summary: 'Verify all receipts that are kept here, as `jidoka receipts verify` does',
  security,
  responses: answers(receiptsVerificationSchema, 'It runs now'),
})

export function receiptRoutes(app: OpenAPIHono<EdgeEnv>, { receipts }: Pick<EdgeServices, 'receipts'>): void {
  app.openapi(list, (c) => {
    allow(c, 'board:read')
    const { lane, up_to: upToSeq, before: beforeId, limit } = c.req.valid('query')
    const { receipts: page, next } = receipts.list({ lane, upToSeq, beforeId, limit })
    return c.json(enclose(c, [...page], next === null ? undefined : String(next)), 200)
  })

  app.openapi(verify, async (c) => {
    allow(c, 'board:read')
    const { id } = c.req.valid('json')
    const verdict = await told(() => receipts.verify(id))
    if (verdict === null) throw notFound('receipt with this number')
    return c.json(enclose(c, { id, verdict }), 200)
  })

  app.openapi(verification, (c) => {
    allow(c, 'board:read')
    return c.json(enclose(c, receipts.verification()), 200)
  })

  app.openapi(beginVerification, async (c) => {
    allow(c, 'settings:manage')
    return c.json(enclose(c, await told(() => receipts.beginVerification())), 200)
  })
}

/** What cannot be done as it stands is no failure of the appliance. */
async function told<Value>(work: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ReceiptDeskError) throw new HttpProblem('conflict', error.message, {}, { cause: error })
    throw error
  }
}
