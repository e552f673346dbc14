import { problemSchema } from '@jidoka/contract'
import { z } from 'zod'
import type { App } from './app.ts'

interface Operation {
  summary?: string
  tags?: string[]
  responses?: Record<string, unknown>
}

/** `/openapi.json` (OpenAPI 3.1, made from the routes themselves) and `/docs`, a page of it that needs no script. */
export function addOpenApi(app: App, version: string): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  })
  app.openAPIRegistry.registerComponent(
    'schemas',
    'Problem',
    z.toJSONSchema(problemSchema, { target: 'draft-2020-12' }) as never,
  )
  let document: ReturnType<App['getOpenAPI31Document']> | undefined
  const read = () => {
    if (document !== undefined) return document
    document = app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Jidoka cloud',
        version,
        description: 'Success in an envelope `{ data, meta }`, errors as RFC 9457 problems.',
      },
      security: [{ session: [] }],
    })
    for (const operation of operationsOf(document)) {
      operation.responses = {
        ...operation.responses,
        default: {
          description: 'A problem; `detail` says what to do next',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      }
    }
    return document
  }
  app.get('/openapi.json', (c) => c.json(read()))
  app.get('/docs', (c) => c.html(page(read())))
}

function operationsOf(document: { paths?: object }): Operation[] {
  return Object.values(document.paths ?? {}).flatMap((item: object) => Object.values(item) as Operation[])
}

function page(document: { info: { title: string; version: string }; paths?: object }): string {
  const rows = Object.entries(document.paths ?? {}).flatMap(([path, item]: [string, object]) =>
    Object.entries(item).map(
      ([method, operation]: [string, Operation]) =>
        `<tr><td>${escapeHtml(operation.tags?.join(', ') ?? '')}</td><td><code>${method.toUpperCase()}</code></td><td><code>${escapeHtml(path)}</code></td><td>${escapeHtml(operation.summary ?? '')}</td></tr>`,
    ),
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(document.info.title)} API</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem;color-scheme:light dark}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884}</style>
</head><body><h1>${escapeHtml(document.info.title)} API ${escapeHtml(document.info.version)}</h1>
<p>Every request and answer with its schema: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). Sign in with <code>POST /api/v1/auth/login</code> and send the access token as <code>Authorization: Bearer</code>.</p>
<table><thead><tr><th>Module</th><th>Method</th><th>Path</th><th>What it does</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></body></html>`
}

function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] as string,
  )
}
