import { tenantIdSchema } from '@jidoka/domain'
import {
  cloudPaths,
  newUploadSchema,
  objectLinkSchema,
  objectQuotaSchema,
  objectsQuerySchema,
  objectUsageSchema,
  storedObjectSchema,
  uploadLinkSchema,
} from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import type { App } from '../http/app.ts'
import type { AppEnv, Guard } from '../http/env.ts'
import { ProblemError } from '../http/problem.ts'
import { answers, jsonBody, nothing, reply } from '../http/reply.ts'
import { readCursor } from '../paging.ts'
import type { ObjectDesk } from './desk.ts'
import type { ObjectUploads } from './uploads.ts'

const tags = ['objects']
const byId = z.object({ id: z.uuid() })

export interface ObjectRouteParts {
  readonly desk: ObjectDesk
  readonly uploads: ObjectUploads
  readonly guard: Guard
  /** Whose administrators are those of the platform. */
  readonly platformTenantId: string
}

/** The files of a tenant, for its people. */
export function addObjectRoutes(app: App, { desk, uploads, guard, platformTenantId }: ObjectRouteParts): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.objects,
      tags,
      summary: 'Files, the newest first',
      middleware: guard('export:create'),
      request: { query: objectsQuerySchema },
      responses: answers(z.array(storedObjectSchema), 'A page of files'),
    }),
    async (c) => {
      const { cursor, limit, kind } = c.req.valid('query')
      const page = { kind: kind ?? null, after: readCursor(cursor), limit }
      const { rows, next } = await desk.list(c.var.caller.tenantId, page)
      return reply(c, rows, next)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.objectUsage,
      tags,
      summary: 'How much is stored, and how much may be',
      middleware: guard('export:create'),
      responses: answers(objectUsageSchema, 'What is used, and the quota'),
    }),
    async (c) => reply(c, await desk.usage(c.var.caller.tenantId)),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.objectUploads,
      tags,
      summary: 'A link to upload one document by, good for 15 minutes',
      description:
        'PUT the file to `path`, from anywhere and without other credentials. It takes the place of the document that has its name.',
      middleware: guard('settings:manage'),
      request: { body: jsonBody(newUploadSchema) },
      responses: answers(uploadLinkSchema, 'The link; whoever has it can put the file that was declared, once'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      return reply(c, await uploads.ask(tenantId, c.req.valid('json'), login))
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.objectShare,
      tags,
      summary: 'A link to download the file by, good for 15 minutes',
      middleware: guard('export:create'),
      request: { params: byId },
      responses: answers(objectLinkSchema, 'The link; whoever has it gets the file'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      return reply(c, await desk.link(tenantId, c.req.valid('param').id, login))
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: cloudPaths.object,
      tags,
      summary: 'Remove a file for good; archives are removed from their own list',
      middleware: guard('settings:manage'),
      request: { params: byId },
      responses: answers(nothing, 'Removed'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      await desk.remove(tenantId, c.req.valid('param').id, login)
      return reply(c, {})
    },
  )

  const ofPlatform: MiddlewareHandler<AppEnv> = async (c, next) => {
    if (c.var.caller.tenantId !== platformTenantId)
      throw new ProblemError(
        'not_permitted',
        'What a tenant may store is said by the administrators of the platform. Ask whoever runs this cloud.',
      )
    await next()
  }
  app.openapi(
    createRoute({
      method: 'put',
      path: cloudPaths.tenantStorage,
      tags: ['tenants'],
      summary: 'Say how much a tenant may store; null is what the settings give everybody',
      middleware: [guard('user:manage'), ofPlatform],
      request: { params: z.object({ id: tenantIdSchema }), body: jsonBody(objectQuotaSchema) },
      responses: answers(objectUsageSchema, 'What it uses, and what it may'),
    }),
    async (c) => {
      const { login } = c.var.caller
      return reply(c, await desk.putQuota(c.req.valid('param').id, c.req.valid('json'), login))
    },
  )
}
