import { cloudPaths } from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import type { App } from '../../platform/http/app.ts'
import type { Guard } from '../../platform/http/env.ts'
import { answers, reply } from '../../platform/http/reply.ts'
import { auditListSchema, auditQuerySchema } from './schema.ts'
import type { AuditService } from './service.ts'

export function addAuditRoutes(app: App, { service, guard }: { service: AuditService; guard: Guard }): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.audit,
      tags: ['audit'],
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
}
