import { cloudPaths, deadEventSchema, pageQuerySchema } from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import type { App } from '../http/app.ts'
import type { Guard } from '../http/env.ts'
import { answers, nothing, reply } from '../http/reply.ts'
import { readCursor } from '../paging.ts'
import type { DeadEvents } from './dead-events.ts'

const tags = ['events']

export function addEventRoutes(app: App, { dead, guard }: { dead: DeadEvents; guard: Guard }): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.deadEvents,
      tags,
      summary: 'Events that a consumer could not take, the one given up last first',
      middleware: guard('settings:manage'),
      request: { query: pageQuerySchema },
      responses: answers(z.array(deadEventSchema), 'A page of events with the error of the last attempt'),
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid('query')
      const { rows, next } = await dead.list(c.var.caller.tenantId, { after: readCursor(cursor), limit })
      return reply(c, rows, next)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.deadEventRetry,
      tags,
      summary: 'Hand an event on once more; consumers that took it do nothing',
      middleware: guard('settings:manage'),
      request: { params: z.object({ id: z.uuid() }) },
      responses: answers(nothing, 'It waits to be handed on'),
    }),
    async (c) => {
      await dead.retry(c.var.caller.tenantId, c.req.valid('param').id)
      return reply(c, {})
    },
  )
}
