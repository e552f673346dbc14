import type { Clock } from '@jidoka/base'
import { OperationalError } from '@jidoka/base'
import {
  cloudPaths,
  dropOldSchema,
  madeTenantSchema,
  moveTenantSchema,
  newTenantSchema,
  tenantListSchema,
  tenantMoveSchema,
} from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import { tenantIdSchema } from '@jidoka/domain'
import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import type { App } from '../http/app.ts'
import type { AppEnv, Guard } from '../http/env.ts'
import { ProblemError } from '../http/problem.ts'
import { answers, jsonBody, nothing, reply } from '../http/reply.ts'
import type { JobsPort } from '../jobs/port.ts'
import { dropJob, moveJob } from './jobs.ts'
import type { TenantMover } from './mover.ts'
import type { TenantDesk } from './tenant-desk.ts'
import { describeMove } from './tenant-desk.ts'

const tags = ['tenants']
const byId = z.object({ id: tenantIdSchema })

export interface TenantRouteParts {
  readonly desk: TenantDesk
  readonly jobs: JobsPort
  readonly clock: Clock
  readonly guard: Guard
  /** Whose administrators are those of the platform. */
  readonly platformTenantId: string
}

/** Tenants, for administrators of the platform's own tenant alone. */
export function addTenantRoutes(app: App, { desk, jobs, clock, guard, platformTenantId }: TenantRouteParts): void {
  const ofPlatform: MiddlewareHandler<AppEnv> = async (c, next) => {
    if (c.var.caller.tenantId !== platformTenantId)
      throw new ProblemError(
        'not_permitted',
        'Tenants are managed by the administrators of the platform. Ask whoever runs this cloud.',
      )
    await next()
  }

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.tenants,
      tags,
      summary: 'All tenants, and the databases that serve them',
      middleware: [guard('user:manage'), ofPlatform],
      responses: answers(tenantListSchema, 'Tenants and databases'),
    }),
    async (c) => reply(c, await desk.list()),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.tenants,
      tags,
      summary: 'Make a tenant with its first administrator',
      middleware: [guard('user:manage'), ofPlatform],
      request: { body: jsonBody(newTenantSchema) },
      responses: answers(madeTenantSchema, 'Made; a password that was made up is in no other answer'),
    }),
    async (c) => {
      const request = c.req.valid('json')
      const { database, password } = await desk.create(request, c.var.caller.login)
      return reply(c, { id: request.id, database, admin_login: request.admin_login, admin_password: password })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.tenantMoves,
      tags,
      summary: 'Moves of tenants between databases: those that are not over, then the newest',
      middleware: [guard('user:manage'), ofPlatform],
      responses: answers(z.array(tenantMoveSchema), 'At most a hundred'),
    }),
    async (c) => reply(c, await desk.moves()),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.tenantMove,
      tags,
      summary: 'Move a tenant to another database while it is used, or go on with a move that stands still',
      middleware: [guard('user:manage'), ofPlatform],
      request: { params: byId, body: jsonBody(moveTenantSchema) },
      responses: answers(tenantMoveSchema, 'Begun; a job goes on with it'),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { to } = c.req.valid('json')
      const { login } = c.var.caller
      const mover = moverOf(desk)
      const open = await mover.openMoveOf(id)
      const move =
        open !== null && open.target === to && open.step !== 'switched'
          ? open
          : await asConflict(() => mover.begin(id, to, login))
      await jobs.start(moveJob, { tenantId: null, input: { move: move.id }, by: login, onceKey: move.id })
      return reply(c, describeMove(move, clock))
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.tenantMoveCancel,
      tags,
      summary: 'Cancel a move that is not switched yet',
      middleware: [guard('user:manage'), ofPlatform],
      request: { params: byId },
      responses: answers(nothing, 'It ends, and nothing of it is left'),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { login } = c.var.caller
      const move = await moverOf(desk).askToCancel(id, login)
      if (move === null)
        throw new ProblemError('conflict', 'No move of this tenant can be cancelled: there is none, or it is switched.')
      // Where nobody works on it, this does; where somebody does, he is told.
      await jobs.start(moveJob, { tenantId: null, input: { move: move.id }, by: login, onceKey: move.id })
      return reply(c, {})
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.tenantDropOld,
      tags,
      summary: 'Drop what a moved tenant has left in its former database',
      middleware: [guard('user:manage'), ofPlatform],
      request: { params: byId, body: jsonBody(dropOldSchema) },
      responses: answers(nothing, 'A job drops it'),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { early } = c.req.valid('json')
      const { login } = c.var.caller
      await asConflict(() => moverOf(desk).leftBehind(id, early))
      await jobs.start(dropJob, { tenantId: null, input: { early: { tenant: id, by: login } }, by: login, onceKey: id })
      return reply(c, {})
    },
  )
}

function moverOf({ mover }: TenantDesk): TenantMover {
  if (mover === null)
    throw new ProblemError('conflict', 'This cloud has one database, and nowhere to move a tenant to.')
  return mover
}

/** What keeps a move from beginning is for the caller to mend. */
async function asConflict<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof OperationalError && cause.name === 'OperationalError')
      throw new ProblemError('conflict', cause.message, { cause })
    throw cause
  }
}
