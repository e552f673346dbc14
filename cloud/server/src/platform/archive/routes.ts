import {
  archiveRowSchema,
  archiveRowsQuerySchema,
  archiveSchema,
  archiveSettingsSchema,
  cloudPaths,
  objectLinkSchema,
  pageQuerySchema,
} from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import type { App } from '../http/app.ts'
import type { Guard } from '../http/env.ts'
import { answers, jsonBody, nothing, reply } from '../http/reply.ts'
import { readCursor } from '../paging.ts'
import type { ArchiveService } from './archive-service.ts'

const tags = ['archives']
const byId = z.object({ id: z.uuid() })

/** What a tenant keeps of months that have left the database. */
export function addArchiveRoutes(app: App, { archives, guard }: { archives: ArchiveService; guard: Guard }): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.archives,
      tags,
      summary: 'Archived months, the newest first',
      middleware: guard('export:create'),
      request: { query: pageQuerySchema },
      responses: answers(z.array(archiveSchema), 'A page of archives'),
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid('query')
      const { rows, next } = await archives.list(c.var.caller.tenantId, { after: readCursor(cursor), limit })
      return reply(c, rows, next)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: cloudPaths.archive,
      tags,
      summary: 'Remove an archive for good: its months are nowhere else',
      middleware: guard('settings:manage'),
      request: { params: byId },
      responses: answers(nothing, 'Removed'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      await archives.remove(tenantId, c.req.valid('param').id, login)
      return reply(c, {})
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.archiveLink,
      tags,
      summary: 'A link to the Parquet file, good for 15 minutes',
      middleware: guard('export:create'),
      request: { params: byId },
      responses: answers(objectLinkSchema, 'The link; whoever has it gets the file'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      return reply(c, await archives.link(tenantId, c.req.valid('param').id, login))
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.archiveRestore,
      tags,
      summary: 'Read the rows back into the database, for 30 days',
      middleware: guard('settings:manage'),
      request: { params: byId },
      responses: answers(nothing, 'They are on their way; the list says when they are there'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      await archives.askRestore(tenantId, c.req.valid('param').id, login)
      return reply(c, {})
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: cloudPaths.archiveRestore,
      tags,
      summary: 'Take the rows that were read back away again',
      middleware: guard('settings:manage'),
      request: { params: byId },
      responses: answers(nothing, 'They are on their way out; the list says when they are gone'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      await archives.endRestore(tenantId, c.req.valid('param').id, login)
      return reply(c, {})
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.archiveRows,
      tags,
      summary: 'Rows of an archive that were read back, in the order of the file',
      middleware: guard('export:create'),
      request: { params: byId, query: archiveRowsQuerySchema },
      responses: answers(z.array(archiveRowSchema), 'A page of rows'),
    }),
    async (c) => reply(c, await archives.rows(c.var.caller.tenantId, c.req.valid('param').id, c.req.valid('query'))),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.archiveSettings,
      tags,
      summary: 'Which tables are archived before their months are dropped',
      middleware: guard('export:create'),
      responses: answers(archiveSettingsSchema, 'The tables'),
    }),
    async (c) => reply(c, await archives.settings(c.var.caller.tenantId)),
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: cloudPaths.archiveSettings,
      tags,
      summary: 'Say which tables are archived before their months are dropped',
      middleware: guard('settings:manage'),
      request: { body: jsonBody(archiveSettingsSchema) },
      responses: answers(nothing, 'In force from the next month that is dropped'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      await archives.putSettings(tenantId, c.req.valid('json').tables, login)
      return reply(c, {})
    },
  )
}
