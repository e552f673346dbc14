import { Readable } from 'node:stream'
import { auditChainSchema, auditQuerySchema, cloudPaths } from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import type { App } from '../../platform/http/app.ts'
import type { Guard } from '../../platform/http/env.ts'
import { answers, reply } from '../../platform/http/reply.ts'
import type { AuditChain } from './audit-chain.ts'
import { auditListSchema } from './schema.ts'
import type { AuditService } from './service.ts'

const tags = ['audit']
/** A file to keep; nobody reads it as one JSON. */
const file = 'application/octet-stream'

export interface AuditRouteParts {
  readonly service: AuditService
  readonly chain: AuditChain
  readonly guard: Guard
}

export function addAuditRoutes(app: App, { service, chain, guard }: AuditRouteParts): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.audit,
      tags,
      summary: 'Who did what, newest first',
      middleware: guard('audit:read'),
      request: { query: auditQuerySchema },
      responses: answers(auditListSchema, 'A page of entries'),
    }),
    async (c) => {
      const { rows, next } = await service.list(c.var.caller.tenantId, c.req.valid('query'))
      return reply(c, rows, next)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.auditChain,
      tags,
      summary: 'How far the log is sealed, signed and verified',
      middleware: guard('audit:read'),
      responses: answers(auditChainSchema, 'The chain as it stands'),
    }),
    async (c) => reply(c, await chain.status(c.var.caller.tenantId)),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.auditExport,
      tags,
      summary: 'The whole log as JSON lines with its signed checkpoints; "audit check" proves it without the database',
      middleware: guard('audit:read'),
      responses: {
        200: { description: 'The log', content: { [file]: { schema: z.string().meta({ format: 'binary' }) } } },
      },
    }),
    async (c) => {
      const { tenantId } = c.var.caller
      const lines = Readable.from(chain.export(tenantId)).map((text: string) => Buffer.from(text))
      return c.body(Readable.toWeb(lines) as ReadableStream<Uint8Array>, 200, {
        'content-type': file,
        'content-disposition': `attachment; filename="audit-${tenantId}.jsonl"`,
      })
    },
  )
}
