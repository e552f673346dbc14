import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { deadLetterSchema, edgePaths, lineToCloudSchema, outageSchema } from '@jidoka/contract'
import { instant, instantOrNull } from '../../board/views.ts'
import { answers, enclose, signedInSecurity } from '../answers.ts'
import type { EdgeEnv, EdgeServices } from '../context.ts'
import { allow } from '../context.ts'
import { httpLimits } from '../limits.ts'

const tags = ['Line to the cloud']
const security = signedInSecurity
const sync = createRoute({
  method: 'get',
  path: edgePaths.sync,
  tags,
  summary: 'Lanes, last receipt and disk',
  security,
  responses: answers(lineToCloudSchema, 'The line to the cloud'),
})
const outages = createRoute({
  method: 'get',
  path: edgePaths.outages,
  tags,
  summary: 'When the line was down, newest first',
  security,
  responses: answers(z.array(outageSchema), 'The outage ledger'),
})
const deadLetters = createRoute({
  method: 'get',
  path: edgePaths.deadLetters,
  tags: ['Board'],
  summary: 'Messages that could not be stored as readings, newest first',
  security,
  responses: answers(z.array(deadLetterSchema), 'Dead letters with their reasons'),
})

export function syncRoutes(app: OpenAPIHono<EdgeEnv>, services: EdgeServices): void {
  const { reader } = services

  app.openapi(sync, (c) => {
    allow(c, 'board:read')
    return c.json(enclose(c, services.lineToCloud()), 200)
  })

  app.openapi(outages, (c) => {
    allow(c, 'board:read')
    // An outage has a record for its beginning and one, newer, for its end: the newest of a beginning is the outage.
    const newest = new Map(
      reader
        .outages(httpLimits.listRowsMax)
        .toReversed()
        .map((row) => [row.fromMs, row]),
    )
    return c.json(
      enclose(
        c,
        [...newest.values()].toReversed().map((row) => ({
          from: instant(row.fromMs),
          to: instantOrNull(row.toMs),
          cause: row.cause,
          rows_waiting: row.rowsWaiting,
        })),
      ),
      200,
    )
  })

  app.openapi(deadLetters, (c) => {
    allow(c, 'board:read')
    const letters = reader.deadLetters(httpLimits.listRowsMax)
    return c.json(
      enclose(
        c,
        letters.map(({ atMs, ...letter }) => ({ at: instant(atMs), ...letter })),
      ),
      200,
    )
  })
}
