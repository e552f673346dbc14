import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { boardAlarmSchema, boardSchema, edgePaths, historyQuerySchema, historySchema } from '@jidoka/contract'
import { answers, enclose, signedInSecurity } from '../answers.ts'
import type { EdgeEnv, EdgeServices } from '../context.ts'
import { allow } from '../context.ts'
import { httpLimits, streamLimits } from '../limits.ts'
import { HttpProblem, notFound } from '../problem.ts'

const security = signedInSecurity
const board = createRoute({
  method: 'get',
  path: edgePaths.board,
  tags: ['Board'],
  summary: 'Everything that the board shows',
  security,
  responses: answers(
    boardSchema,
    'Lines, tags with their last values, standing verdicts, open alarms, the line to the cloud',
  ),
})
const stream = createRoute({
  method: 'get',
  path: edgePaths.stream,
  tags: ['Board'],
  summary: 'What changes on the board',
  description:
    'Server-sent events `values` (at most seven a second a tag), `verdict`, `alarm`, `line_to_cloud`, `reset`. The stream carries changes, never history: open it, then fetch the board; after `reset` or a reconnection fetch the board again.',
  security,
  responses: { 200: { content: { 'text/event-stream': { schema: z.string() } }, description: 'The stream' } },
})
const history = createRoute({
  method: 'get',
  path: edgePaths.history,
  tags: ['Board'],
  summary: 'Values of a tag between two instants',
  description:
    'Thinned to about `points`: of each stretch the least, the greatest and the last are kept, so that no spike is lost. 31 days at most.',
  security,
  request: { query: historyQuerySchema },
  responses: answers(historySchema, 'Points, oldest first'),
})
const alarms = createRoute({
  method: 'get',
  path: edgePaths.alarms,
  tags: ['Alarms'],
  summary: 'Every alarm that has not ended',
  description: 'All of them in one answer: there are no pages.',
  security,
  request: { query: z.strictObject({}, 'every open alarm comes in one answer: leave out cursor, limit and filters') },
  responses: answers(z.array(boardAlarmSchema), 'Open alarms'),
})
const acknowledge = createRoute({
  method: 'post',
  path: edgePaths.acknowledge,
  tags: ['Alarms'],
  summary: 'Acknowledge an alarm',
  security,
  request: { params: z.object({ id: z.uuid() }) },
  responses: answers(boardAlarmSchema, 'The alarm as it stands now'),
})

export function boardRoutes(app: OpenAPIHono<EdgeEnv>, services: EdgeServices): void {
  const { board: live, hub, pipeline } = services

  app.openapi(board, (c) => {
    allow(c, 'board:read')
    return c.json(enclose(c, live.snapshot()), 200)
  })

  app.openapi(stream, (c) => {
    const principal = allow(c, 'board:read')
    if (hub.isFull) {
      throw new HttpProblem(
        'unavailable',
        `${streamLimits.clientsMax} boards are open already, which is all that the appliance serves. Close one and try again.`,
        { retryAfterS: 10 },
      )
    }
    return new Response(
      hub.connect(() => principal.isAlive()),
      {
        // no-transform and x-accel-buffering: a proxy that gathers or compresses would hold back what must be seen at once.
        headers: {
          'content-type': 'text/event-stream',
          'cache-control': 'no-store, no-transform',
          'x-accel-buffering': 'no',
        },
      },
    )
  })

  app.openapi(history, async (c) => {
    allow(c, 'board:read')
    const { key, from, to, points } = c.req.valid('query')
    const [fromMs, toMs] = [Date.parse(from), Date.parse(to)]
    if (toMs <= fromMs)
      throw new HttpProblem('invalid_input', '`to` must be later than `from`.', {
        errors: [{ path: 'to', message: 'it must be later than from' }],
      })
    if (toMs - fromMs > httpLimits.historySpanMsMax)
      throw new HttpProblem('invalid_input', 'At most 31 days in one question. For more use `jidoka export`.', {
        errors: [{ path: 'from', message: 'it is more than 31 days before to' }],
      })
    const unit = live.unitOf(key)
    if (unit === null) throw notFound(`tag "${key}"`)
    const found = await services.history.query({ key, fromMs, toMs, points })
    return c.json(enclose(c, { key, unit, ...found }), 200)
  })

  app.openapi(alarms, (c) => {
    allow(c, 'alarm:read')
    return c.json(enclose(c, live.alarms()), 200)
  })

  app.openapi(acknowledge, async (c) => {
    const principal = allow(c, 'alarm:acknowledge')
    const outcome = await pipeline.changeAlarm(c.req.valid('param').id, 'acknowledge', principal.login)
    if ('unknown' in outcome) throw notFound('such alarm')
    if ('refused' in outcome)
      throw new HttpProblem(
        'alarm_refused',
        `The alarm cannot be acknowledged: ${outcome.refused.replaceAll('_', ' ')}.`,
        { reason: outcome.refused },
      )
    return c.json(enclose(c, live.alarmView(outcome.done)), 200)
  })
}
