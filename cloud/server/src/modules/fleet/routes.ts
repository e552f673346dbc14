import { cloudPaths, newEnrolmentSchema, pageQuerySchema, putDesiredSchema } from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import { may } from '@jidoka/domain'
import type { App } from '../../platform/http/app.ts'
import { limitBody } from '../../platform/http/body-limit.ts'
import type { Guard } from '../../platform/http/env.ts'
import { httpLimits } from '../../platform/http/limits.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import { answers, jsonBody, nothing, reply } from '../../platform/http/reply.ts'
import type { Enrolment } from './enrolment.ts'
import type { Overview } from './overview.ts'
import {
  desiredItemSchema,
  desiredParamsSchema,
  edgeDetailSchema,
  edgeListSchema,
  edgeParamsSchema,
  enrolmentSchema,
  lineListSchema,
  siteListSchema,
} from './schema.ts'
import type { FleetService } from './service.ts'

const tags = ['fleet']
const policyExample = { body: { retention: { readings_days: 90, abnormal_days: 365 } } }

/** What people's programs call. What edges call is in sync-routes.ts. */
export function addFleetRoutes(
  app: App,
  {
    service,
    overview,
    enrolment,
    guard,
  }: { service: FleetService; overview: Overview; enrolment: Enrolment; guard: Guard },
): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.sites,
      tags,
      summary: 'Sites, by code',
      middleware: guard('fleet:read'),
      request: { query: pageQuerySchema },
      responses: answers(siteListSchema, 'A page of sites'),
    }),
    async (c) => {
      const { rows, next } = await service.sites(c.var.caller.tenantId, c.req.valid('query'))
      return reply(c, rows, next)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.edges,
      tags,
      summary: 'Edges, by site and name',
      middleware: guard('fleet:read'),
      request: { query: pageQuerySchema },
      responses: answers(edgeListSchema, 'A page of edges'),
    }),
    async (c) => {
      const { rows, next } = await overview.edges(c.var.caller.tenantId, c.req.valid('query'))
      return reply(c, rows, next)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.edge,
      tags,
      summary: 'An edge with its desired and reported state',
      middleware: guard('fleet:read'),
      request: { params: edgeParamsSchema },
      responses: answers(edgeDetailSchema, 'The edge'),
    }),
    async (c) => reply(c, await overview.edge(c.var.caller.tenantId, c.req.valid('param').id)),
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: cloudPaths.edge,
      tags,
      summary: 'Revoke an edge: nothing that it signs is taken any more, its data stays',
      middleware: guard('fleet:manage'),
      request: { params: edgeParamsSchema },
      responses: answers(nothing, 'Revoked'),
    }),
    async (c) => {
      await service.revoke(c.var.caller.tenantId, c.req.valid('param').id, c.var.caller.login)
      return reply(c, {})
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.enrolments,
      tags,
      summary: 'A one-time token that lets one edge in',
      middleware: guard('fleet:manage'),
      request: { body: jsonBody(newEnrolmentSchema) },
      responses: answers(enrolmentSchema, 'The token, shown this once'),
    }),
    async (c) => {
      const { site_code, valid_min } = c.req.valid('json')
      const { tenantId, login } = c.var.caller
      const { token, expiresAt } = await enrolment.issueToken(tenantId, {
        siteCode: site_code,
        validMin: valid_min,
        by: login,
      })
      return reply(c, { token, site_code, expires_at: expiresAt })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.lines,
      tags,
      summary: 'Lines as last heard, edge by edge; `limit` counts edges, whose lines come together',
      middleware: guard('board:read'),
      request: { query: pageQuerySchema },
      responses: answers(lineListSchema, 'The lines of a page of edges; the last is the one without a next cursor'),
    }),
    async (c) => {
      const { rows, next } = await overview.lines(c.var.caller.tenantId, c.req.valid('query'))
      return reply(c, rows, next)
    },
  )

  const largeBody = limitBody(
    httpLimits.desiredBodyBytesMax,
    () =>
      new ProblemError(
        'too_large',
        `The item is larger than ${httpLimits.desiredBodyBytesMax} bytes. Split the catalogue.`,
      ),
  )
  app.openapi(
    createRoute({
      method: 'put',
      path: cloudPaths.desired,
      tags,
      summary: 'What an edge shall be; the cloud counts the version',
      description: 'The body is that of the kind, as it is answered; the example is one of `policy/policy`.',
      middleware: [guard(null), largeBody] as const,
      request: { params: desiredParamsSchema, body: jsonBody(putDesiredSchema, policyExample) },
      responses: answers(desiredItemSchema, 'The item'),
    }),
    async (c) => {
      const { id, kind, key } = c.req.valid('param')
      allow(c.var.caller, kind)
      return reply(
        c,
        await service.put(
          c.var.caller.tenantId,
          { edgeId: id, kind, key },
          c.req.valid('json').body,
          c.var.caller.login,
        ),
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: cloudPaths.desired,
      tags,
      summary: 'Take an item back',
      middleware: guard(null),
      request: { params: desiredParamsSchema },
      responses: answers(nothing, 'Taken back'),
    }),
    async (c) => {
      const { id, kind, key } = c.req.valid('param')
      allow(c.var.caller, kind)
      await service.remove(c.var.caller.tenantId, { edgeId: id, kind, key }, c.var.caller.login)
      return reply(c, {})
    },
  )
}

/** Rules are deployed by those who may deploy rules; everything else about an edge is its administrators'. */
function allow(caller: { role: Parameters<typeof may>[0] }, kind: string): void {
  const permission = kind === 'rule' ? 'rule:deploy' : 'fleet:manage'
  if (!may(caller.role, permission))
    throw new ProblemError(
      'not_permitted',
      `Your role may not do this; it takes the permission ${permission}. Ask an administrator.`,
    )
}
