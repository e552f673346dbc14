import {
  cloudPaths,
  jobKindInfoSchema,
  jobNewsSchema,
  jobQuerySchema,
  jobSchema,
  startJobSchema,
  tenantTimeZoneSchema,
} from '@jidoka/contract'
import type { Job } from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import type { JSONValue } from 'hono/utils/types'
import { z } from 'zod'
import type { App } from '../http/app.ts'
import type { Guard } from '../http/env.ts'
import { answers, jsonBody, nothing, reply } from '../http/reply.ts'
import { readCursor } from '../paging.ts'
import type { Jobs } from './jobs.ts'

const tags = ['jobs']
const byId = z.object({ id: z.uuid() })
/** What came from a column that holds JSON and nothing else. */
const shown = (job: Job) => job as Omit<Job, 'input'> & { input: Record<string, JSONValue> }

/** Whoever may read jobs sees all of the tenant; what a kind needs to be started by, cancelling and putting back need too. */
export function addJobRoutes(app: App, { jobs, guard }: { jobs: Jobs; guard: Guard }): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.jobs,
      tags,
      summary: 'Jobs, the newest first',
      middleware: guard('job:read'),
      request: { query: jobQuerySchema },
      responses: answers(z.array(jobNewsSchema), 'A page of jobs'),
    }),
    async (c) => {
      const { state, kind, cursor, limit } = c.req.valid('query')
      const { rows, next } = await jobs.list(c.var.caller.tenantId, {
        state: state ?? null,
        kind: kind ?? null,
        after: readCursor(cursor),
        limit,
      })
      return reply(c, rows, next)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.jobKinds,
      tags,
      summary: 'What this cloud does as jobs, and when next',
      middleware: guard('job:read'),
      responses: answers(z.array(jobKindInfoSchema), 'The kinds of jobs'),
    }),
    async (c) => reply(c, await jobs.kinds(c.var.caller)),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.job,
      tags,
      summary: 'One job with its attempts',
      middleware: guard('job:read'),
      request: { params: byId },
      responses: answers(jobSchema, 'The job'),
    }),
    async (c) => reply(c, shown(await jobs.get(c.var.caller.tenantId, c.req.valid('param').id))),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.jobs,
      tags,
      summary: 'Start a job; of one with a schedule there is one at a time',
      middleware: guard('job:read'),
      request: { body: jsonBody(startJobSchema) },
      responses: answers(jobSchema, 'The job, which waits for a process'),
    }),
    async (c) => {
      const { kind, input } = c.req.valid('json')
      return reply(c, shown(await jobs.startByPerson(c.var.caller, kind, input)))
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.jobCancel,
      tags,
      summary: 'Cancel a job; one that runs ends when it has heard',
      middleware: guard('job:read'),
      request: { params: byId },
      responses: answers(jobSchema, 'The job'),
    }),
    async (c) => reply(c, shown(await jobs.cancel(c.var.caller, c.req.valid('param').id))),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.jobRequeue,
      tags,
      summary: 'Put a job back that failed for good or was cancelled',
      middleware: guard('job:read'),
      request: { params: byId },
      responses: answers(jobSchema, 'The job, which waits for a process'),
    }),
    async (c) => reply(c, shown(await jobs.requeue(c.var.caller, c.req.valid('param').id))),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.timeZone,
      tags: ['tenant'],
      summary: 'The time zone that schedules of this tenant are read in',
      middleware: guard('job:read'),
      responses: answers(tenantTimeZoneSchema, 'The time zone'),
    }),
    async (c) => reply(c, { time_zone: await jobs.timeZone(c.var.caller.tenantId) }),
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: cloudPaths.timeZone,
      tags: ['tenant'],
      summary: 'Set the time zone of schedules',
      middleware: guard('settings:manage'),
      request: { body: jsonBody(tenantTimeZoneSchema) },
      responses: answers(nothing, 'Set'),
    }),
    async (c) => {
      await jobs.setTimeZone(c.var.caller, c.req.valid('json').time_zone)
      return reply(c, {})
    },
  )
}
