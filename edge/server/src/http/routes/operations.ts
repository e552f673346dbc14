import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { EdgeEnv, EdgeServices } from '../context.ts'

const tags = ['Operation']
const text = (description: string) => ({ 200: { content: { 'text/plain': { schema: z.string() } }, description } })
const readySchema = z.object({ ready: z.boolean(), problems: z.array(z.string()) })

const health = createRoute({
  method: 'get',
  path: '/health',
  tags,
  summary: 'Liveness: the process answers',
  responses: {
    200: {
      content: { 'application/json': { schema: z.object({ status: z.literal('ok'), version: z.string() }) } },
      description: 'Alive',
    },
  },
})
const ready = createRoute({
  method: 'get',
  path: '/ready',
  tags,
  summary: 'Readiness: store and broker do their work',
  responses: {
    200: { content: { 'application/json': { schema: readySchema } }, description: 'Ready' },
    503: {
      content: { 'application/json': { schema: readySchema } },
      description: 'Not ready, with a sentence for each part',
    },
  },
})
const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  tags,
  summary: 'Prometheus metrics',
  responses: text('Metrics'),
})

/** For supervisors and scrapers: no sign-in, and nothing in them that is a secret or names a person. */
export function operationRoutes(app: OpenAPIHono<EdgeEnv>, services: EdgeServices): void {
  app.openapi(health, (c) => c.json({ status: 'ok' as const, version: services.version }, 200))

  app.openapi(ready, (c) => {
    const problems = [...services.notReady()]
    return problems.length === 0 ? c.json({ ready: true, problems }, 200) : c.json({ ready: false, problems }, 503)
  })

  app.openapi(metrics, async (c) =>
    c.text(await services.metricsText(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  )
}
