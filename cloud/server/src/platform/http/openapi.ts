import { readFileSync } from 'node:fs'
import { problemSchema } from '@jidoka/contract'
import { z } from 'zod'
import type { App } from './app.ts'
import { formsOf } from './declared.ts'
import { docsPage, operationsOf } from './docs-page/docs-page.ts'
import { idempotencyLimits } from './idempotency/limits.ts'

const pageScript = new URL('./docs-page/page.browser.js', import.meta.url)

/** Taken by every POST of somebody who is signed in. */
const keyParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Made up by the sender, such as a UUID: within a day the same request is done once and answered the same.',
  schema: { type: 'string', minLength: 1, maxLength: idempotencyLimits.keyCharactersMax, pattern: '^[!-~]+$' },
}

const problemAs = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})

/** `/openapi.json` (OpenAPI 3.1, made from the routes themselves) and `/docs`, a page of it to read and to try. */
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
    for (const { method, path, operation } of operationsOf(document)) {
      if (method === 'post' && !path.startsWith('/api/v1/auth/'))
        operation.parameters = [...(operation.parameters ?? []), keyParameter]
      operation.responses = {
        ...operation.responses,
        ...(formsOf(operation.requestBody).length > 0
          ? { 415: problemAs('The body is in a form that is not taken') }
          : {}),
        default: problemAs('A problem; `detail` says what to do next'),
      }
    }
    return document
  }
  let page: string | undefined
  let script: string | undefined
  app.get('/openapi.json', (c) => c.json(read()))
  app.get('/docs', (c) => c.html((page ??= docsPage(read())), 200, { 'cache-control': 'no-cache' }))
  app.get('/docs/page.js', (c) =>
    c.body((script ??= readFileSync(pageScript, 'utf8')), 200, {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'no-cache',
    }),
  )
}
