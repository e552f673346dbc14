import { readFileSync } from 'node:fs'
import { problemSchema } from '@jidoka/contract'
import { z } from 'zod'
import type { App } from './app.ts'
import { formsOf } from './declared.ts'
import type { Parameter } from './docs-page/docs-page.ts'
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

/** What programs that are made from the description call it: `putFleetEdgesByIdDesiredByKindByKey`. */
function operationIdOf(method: string, path: string): string {
  const words = path.replace(/^\/(?:api\/v1\/)?/, '').split(/[/-]/)
  const named = words.map((word) => {
    const name = word.replaceAll(/[{}]/g, '')
    return `${word === name ? '' : 'By'}${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
  })
  return `${method}${named.join('')}`
}

/** Patterns are read as of Unicode (JSON Schema 2020-12, 6.4); the flag that says so to JavaScript would be two letters of theirs that no value ends with. */
const withoutFlag = (name: string, value: unknown): unknown =>
  name === 'pattern' && typeof value === 'string' ? value.replace(/\/u$/, '') : value

/** A number out of an address is read out of its text: there is no null, and what stands in a path is there. */
const parameterOf = ({ schema = {}, ...parameter }: Parameter): Parameter => ({
  ...parameter,
  required: parameter.in === 'path' || parameter.required === true,
  schema: Array.isArray(schema.type)
    ? { ...schema, type: schema.type.find((type) => type !== 'null') ?? 'string' }
    : schema,
})

/** `/openapi.json` (OpenAPI 3.1, made from the routes themselves) and `/docs`, a page of it to read and to try. */
export function addOpenApi(app: App, version: string): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token of signing in, good for a quarter of an hour',
  })
  app.openAPIRegistry.registerComponent(
    'schemas',
    'Problem',
    // Open: it may have members that its reader does not know (RFC 9457, 3.2).
    z.toJSONSchema(problemSchema, { target: 'draft-2020-12', io: 'input' }) as never,
  )
  let document: ReturnType<App['getOpenAPI31Document']> | undefined
  const read = () => {
    if (document !== undefined) return document
    const described = app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Jidoka cloud',
        version,
        description: 'Success in an envelope `{ data, meta }`, errors as RFC 9457 problems.',
      },
      servers: [{ url: '/' }],
      security: [{ session: [] }],
    })
    document = JSON.parse(JSON.stringify(described), withoutFlag) as typeof described
    for (const { method, path, operation } of operationsOf(document)) {
      operation.operationId = operationIdOf(method, path)
      const isKeyTaken = method === 'post' && !path.startsWith('/api/v1/auth/')
      operation.parameters = [...(operation.parameters ?? []).map(parameterOf), ...(isKeyTaken ? [keyParameter] : [])]
      operation.responses = {
        ...operation.responses,
        ...(formsOf(operation.requestBody).length > 0
          ? { 415: problemAs('The body is in a form that is not taken') }
          : {}),
        // A module may have said more of its own.
        default: operation.responses?.['default'] ?? problemAs('A problem; `detail` says what to do next'),
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
