import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import {
  auditRequestSchema,
  deadLetterSchema,
  edgePaths,
  epochBegunSchema,
  epochRequestSchema,
  lineToCloudSchema,
  outageSchema,
  outagesQuerySchema,
  syncAuditSchema,
  syncStatusSchema,
} from '@jidoka/contract'
import { instant, instantOrNull } from '../../board/views.ts'
import { answers, body, enclose, signedInSecurity } from '../answers.ts'
import type { StoredOutage } from '../../ports.ts'
import type { EdgeEnv, EdgeServices } from '../context.ts'
import { allow } from '../context.ts'
import { httpLimits } from '../limits.ts'
import { HttpProblem } from '../problem.ts'
import { SyncDeskError } from '../../uplink/sync-desk.ts'

const tags = ['Line to the cloud']
const security = signedInSecurity
const lineToCloud = createRoute({
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
  summary: 'When the line was down, newest first; `meta.next_cursor` goes into `before` for the page behind it',
  security,
  request: { query: outagesQuerySchema },
  responses: answers(z.array(outageSchema), 'The outage ledger'),
})
const status = createRoute({
  method: 'get',
  path: edgePaths.syncStatus,
  tags,
  summary:
    'Lanes with the age of what waits, rate and estimate, troubles, epoch and the last comparison with the cloud',
  security,
  responses: answers(syncStatusSchema, 'How the line stands'),
})
const now = createRoute({
  method: 'post',
  path: edgePaths.syncNow,
  tags,
  summary: 'Try again now what waits for the next try',
  security,
  responses: answers(syncStatusSchema, 'How the line stood then'),
})
const epoch = createRoute({
  method: 'post',
  path: edgePaths.syncEpoch,
  tags,
  summary: 'Begin a new epoch, after this appliance was copied or restored from an image',
  security,
  request: body(epochRequestSchema),
  responses: answers(epochBegunSchema, 'The new epoch and its first numbers'),
})
const audit = createRoute({
  method: 'get',
  path: edgePaths.syncAudit,
  tags,
  summary: 'The comparison of appliance and cloud that runs, or the last one since the start',
  security,
  responses: answers(syncAuditSchema, 'What it found'),
})
const beginAudit = createRoute({
  method: 'post',
  path: edgePaths.syncAudit,
  tags,
  summary: 'Compare appliance and cloud range by range, and send again what the cloud has lost where that is asked for',
  security,
  request: body(auditRequestSchema),
  responses: answers(syncAuditSchema, 'It runs now'),
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
  const { reader, sync } = services

  app.openapi(lineToCloud, (c) => {
    allow(c, 'board:read')
    return c.json(enclose(c, services.lineToCloud()), 200)
  })

  app.openapi(outages, (c) => {
    allow(c, 'board:read')
    const { before, limit } = c.req.valid('query')
    const rows = reader.outages(limit, before === undefined ? undefined : Date.parse(before))
    const last = rows.at(-1)
    const next = last === undefined || rows.length < limit ? undefined : instant(last.fromMs)
    return c.json(
      enclose(
        c,
        rows.map((row) => ({
          from: instant(row.fromMs),
          to: instantOrNull(row.toMs),
          cause: row.cause,
          rows_waiting: row.rowsWaiting,
          drained: instantOrNull(row.drainedMs),
          dropped: countsOf(row.dropped),
          receipted: row.receipted,
        })),
        next,
      ),
      200,
    )
  })

  app.openapi(status, (c) => {
    allow(c, 'board:read')
    return c.json(enclose(c, sync.status()), 200)
  })

  app.openapi(now, (c) => {
    allow(c, 'board:read')
    sync.tryNow()
    return c.json(enclose(c, sync.status()), 200)
  })

  app.openapi(epoch, async (c) => {
    const { login } = allow(c, 'settings:manage')
    const { present } = c.req.valid('json')
    return c.json(enclose(c, await told(() => sync.beginEpoch(present, login))), 200)
  })

  app.openapi(audit, (c) => {
    allow(c, 'board:read')
    return c.json(enclose(c, sync.audit()), 200)
  })

  app.openapi(beginAudit, async (c) => {
    const { login } = allow(c, 'settings:manage')
    const question = c.req.valid('json')
    return c.json(enclose(c, await told(() => sync.beginAudit(question, login))), 200)
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

const countsOf = (dropped: StoredOutage['dropped']): Record<string, number> =>
  Object.fromEntries(Object.entries(dropped).filter(([, count]) => count !== undefined))

/** What cannot be done as it stands is no failure of the appliance. */
async function told<Value>(work: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SyncDeskError) throw new HttpProblem('conflict', error.message, {}, { cause: error })
    throw error
  }
}
