import { createRoute, z } from '@hono/zod-openapi'
import {
  cloudPaths,
  edgeCommandSchema,
  edgeOutageSchema,
  newCommandSchema,
  pageQuerySchema,
  settledTroublesSchema,
  settleTroublesSchema,
} from '@jidoka/contract'
import type { App } from '../../platform/http/app.ts'
import type { Guard } from '../../platform/http/env.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import { answers, jsonBody, nothing, reply } from '../../platform/http/reply.ts'
import { commandLimits } from './command-limits.ts'
import type { Commands } from './commands.ts'
import type { Overview } from './overview.ts'
import { edgeParamsSchema } from './schema.ts'
import type { Troubles } from './troubles.ts'

const tags = ['fleet']
const commandParamsSchema = edgeParamsSchema.extend({ command: z.uuid() })

export interface ControlRouteParts {
  readonly overview: Overview
  readonly commands: Commands
  readonly troubles: Troubles
  readonly guard: Guard
}

/** What people do about a single edge: its outages, troubles and commands. */
export function addControlRoutes(app: App, { overview, commands, troubles, guard }: ControlRouteParts): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.edgeOutages,
      tags,
      summary: 'Outages of an edge, the latest first',
      middleware: guard('fleet:read'),
      request: { params: edgeParamsSchema, query: pageQuerySchema },
      responses: answers(z.array(edgeOutageSchema), 'The outages'),
    }),
    async (c) => {
      const { rows, next } = await overview.outages(
        c.var.caller.tenantId,
        c.req.valid('param').id,
        c.req.valid('query'),
      )
      return reply(c, rows, next)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.edgeTroublesSettle,
      tags,
      summary: 'Say that the two histories of an edge are dealt with',
      description: 'Changes no rows. A copy that still sends is noted anew with its next batch.',
      middleware: guard('fleet:manage'),
      request: { params: edgeParamsSchema, body: jsonBody(settleTroublesSchema) },
      responses: answers(settledTroublesSchema, 'How many were open'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      const { reason } = c.req.valid('json')
      return reply(c, { settled: await troubles.settle(tenantId, c.req.valid('param').id, { login, reason }) })
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.edgeCommands,
      tags,
      summary: 'Give a command to an edge',
      description: 'The id is made by who sends it; the same command with the same id again is one command.',
      middleware: guard('fleet:manage'),
      request: { params: edgeParamsSchema, body: jsonBody(newCommandSchema) },
      responses: answers(edgeCommandSchema, 'The command as it stands'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      return reply(c, await commands.issue(tenantId, c.req.valid('param').id, c.req.valid('json'), login))
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.edgeCommands,
      tags,
      summary: 'Commands of an edge and what came of them, the newest first',
      middleware: guard('fleet:read'),
      request: { params: edgeParamsSchema },
      responses: answers(z.array(edgeCommandSchema), 'The commands'),
    }),
    async (c) => reply(c, await commands.list(c.var.caller.tenantId, c.req.valid('param').id)),
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: cloudPaths.edgeCommand,
      tags,
      summary: 'Take a command back that the edge has not begun',
      middleware: guard('fleet:manage'),
      request: { params: commandParamsSchema },
      responses: answers(nothing, 'Taken back'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      const { id: edgeId, command: commandId } = c.req.valid('param')
      await commands.withdraw(tenantId, { edgeId, commandId }, login)
      return reply(c, {})
    },
  )

  let bundles = 0
  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.edgeCommandBundle,
      tags,
      summary: 'The support bundle that a command has made',
      middleware: guard('fleet:manage'),
      request: { params: commandParamsSchema },
      responses: {
        200: {
          description: 'A .tar.gz file',
          content: { 'application/gzip': { schema: z.string().meta({ format: 'binary' }) } },
        },
      },
    }),
    async (c) => {
      if (bundles >= commandLimits.bundlesAtOnceMax)
        throw new ProblemError('unavailable', 'Other bundles are being fetched. Try again in a moment.', {
          retryAfterS: 5,
        })
      bundles++
      try {
        const { tenantId, login } = c.var.caller
        const { id: edgeId, command: commandId } = c.req.valid('param')
        const body = await commands.bundle(tenantId, { edgeId, commandId }, login)
        return c.body(new Uint8Array(body), 200, {
          'content-type': 'application/gzip',
          'content-disposition': `attachment; filename="jidoka-support-${commandId}.tar.gz"`,
        })
      } finally {
        bundles--
      }
    },
  )
}
