import { cloudPaths } from '@jidoka/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore } from '../../testing/stores.ts'
import { World } from '../../testing/world.ts'

// What the description does not name is refused, by every route that it names.

interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema: {
    readonly type?: string
    readonly format?: string
    readonly pattern?: string
    readonly enum?: readonly string[]
  }
}
interface Operation {
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> }
  readonly responses: Readonly<Record<string, unknown>>
}

/** At and beyond the ends of what PostgreSQL holds. */
const offsets = ['+00:00', '-00:00', '+14:00', '+15:59', '-15:59', '+16:00', '+18:12', '-23:59', '+23:59']
const oddValues = {
  instant: [
    ...offsets.map((offset) => `2026-11-22T11:50:25${offset}`),
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+15:00',
    '1582-10-10T00:00:00Z',
    '2026-11-22T11:50Z',
    '2026-11-22T11:50:25.1234567890123456789Z',
    '9999-12-31T23:59:59.999-15:00',
    '-infinity',
  ],
  number: ['', '0', '-0', '-1', '1e1', '1e400', '0x10', 'NaN', 'null', '9007199254740993', '1'.repeat(400)],
  text: ['\0', '\ufffe', '"', "'", '\\', '%', '_', '..', '{}', '__proto__', '💣'.repeat(500)],
}
/** As ours are made, and of another list or of nobody. */
const oddCursors = [
  ['0000-01-01T00:00:00Z', '00000000-0000-4000-8000-000000000000'],
  ['9999-12-31T23:59:59.999999999Z', '00000000-0000-4000-8000-000000000000'],
  ['\0'],
  ['\0', '\0'],
  ['', '\ud800'],
].map((key) => Buffer.from(JSON.stringify(key)).toString('base64url'))

/** What is chosen from a few, or looked at letter by letter, cannot be odd. */
function kindOf({ type, format, enum: choices, pattern }: Parameter['schema']): keyof typeof oddValues | null {
  if (format === 'date-time') return 'instant'
  if (type === 'integer') return 'number'
  return format === undefined && choices === undefined && pattern === undefined ? 'text' : null
}

/** A value for what stands in a path beside what is asked. */
function wellFormed({ parameters }: Operation, name: string): string {
  const { format, enum: choices } = parameters.find((each) => each.in === 'path' && each.name === name)?.schema ?? {}
  return choices?.[0] ?? (format === 'uuid' ? '00000000-0000-4000-8000-000000000000' : '1')
}

export function declaredCases(newStore: NewStore): void {
  describe('what a route declares', () => {
    let world: World
    let routes: { path: string; template: string; method: string; operation: Operation }[]
    beforeAll(async () => {
      world = await World.open(await newStore(), { attemptsMax: 100_000 })
      const { body } = await world.request('GET', '/openapi.json')
      routes = Object.entries(body.paths as Record<string, Record<string, Operation>>).flatMap(([template, item]) =>
        Object.entries(item).map(([method, operation]) => ({
          template,
          path: template.replaceAll(/\{\w+\}/g, 'x'),
          method: method.toUpperCase(),
          operation,
        })),
      )
      expect(routes.length).toBeGreaterThan(50)
    })
    afterAll(() => world.close())

    it('is asked with its methods, and every other one is told which these are', async () => {
      // `/jobs/kinds` would fit `/jobs/{id}` too, and is an address of its own.
      const methodsOf = (path: string) =>
        new Set(routes.flatMap((route) => (route.path === path ? [route.method] : [])))
      for (const path of new Set(routes.map((route) => route.path))) {
        const allowed = methodsOf(path)
        const head = allowed.has('GET') ? ['HEAD'] : []
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'REPORT']) {
          if (allowed.has(method)) continue
          const { status, body, headers } = await world.as(method, path)
          expect([method, path, status, body.kind]).toEqual([method, path, 405, 'method_not_allowed'])
          expect(headers.get('allow')?.split(', ').toSorted()).toEqual([...allowed, ...head, 'OPTIONS'].toSorted())
        }
        const options = await world.request('OPTIONS', path)
        expect([path, options.status, options.headers.get('allow') !== null]).toEqual([path, 204, true])
      }
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const nowhere = await world.as(method, '/api/v1/nowhere')
        expect([nowhere.status, nowhere.headers.get('allow')]).toEqual([404, null])
      }
    })

    it('takes the parameters that it names, each once, and says which those are', async () => {
      for (const { method, path } of routes) {
        const { status, body } = await world.as(method, `${path}?limt=5`)
        expect([method, path, status, body.errors]).toEqual([
          method,
          path,
          400,
          [{ path: 'limt', message: 'There is no such parameter here.' }],
        ])
      }
      const { body } = await world.as('GET', `${cloudPaths.jobs}?limit=5&limit=6&__proto__=1`)
      expect(body.detail).toContain('This address takes cursor, limit, state, kind, each once')
      expect(body.errors).toEqual([
        { path: '__proto__', message: 'There is no such parameter here.' },
        { path: 'limit', message: 'It was given more than once.' },
      ])
      expect((await world.as('GET', `${cloudPaths.stream}?from=1`)).status).toBe(400)
      // Whoever is not signed in learns nothing of it.
      expect((await world.request('GET', `${cloudPaths.jobs}?limt=5`)).status).toBe(401)
    })

    it(
      'I10: is given values of the right form that nothing can hold, and answers with no error of its own',
      { timeout: 60_000 },
      async () => {
        const asked = { instant: 0, number: 0, text: 0 }
        for (const { method, template, operation } of routes) {
          for (const { name, in: place, schema } of operation.parameters) {
            const kind = kindOf(schema)
            if (place === 'header' || kind === null) continue
            for (const value of [...oddValues[kind], ...(name === 'cursor' ? oddCursors : [])]) {
              const given = encodeURIComponent(value)
              const filled = template.replaceAll(/\{(\w+)\}/g, (_, part: string) =>
                part === name ? given : wellFormed(operation, part),
              )
              const url = place === 'query' ? `${filled}?${name}=${given}` : filled
              const { status, body } = await world.as(method, url)
              expect([method, url, body.kind, status < 500 && status !== 429]).toEqual([method, url, body.kind, true])
              asked[kind]++
            }
          }
        }
        expect(asked.instant).toBeGreaterThanOrEqual(4 * oddValues.instant.length)
        expect(asked.number).toBeGreaterThan(10 * oddValues.number.length)
        expect(asked.text).toBeGreaterThan(10 * oddValues.text.length)
      },
    )

    it('takes its body in the form that it names, and JSON in UTF-8 alone', async () => {
      const authorization = `Bearer ${await world.accessToken()}`
      const body = Buffer.from('{}')
      const send = async (method: string, path: string, type: string | null) => {
        const headers = { authorization, ...(type === null ? {} : { 'content-type': type }) }
        return world.request(method, path, { body, headers })
      }
      for (const { method, path, operation } of routes) {
        const mediaTypes = Object.keys(operation.requestBody?.content ?? {})
        // Bytes are taken as whatever their sender calls them.
        if (mediaTypes.length === 0 || mediaTypes.includes('application/octet-stream')) continue
        expect(Object.keys(operation.responses)).toContain('415')
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', `${mediaTypes[0]}; charset=utf-16`]) {
          const answer = await send(method, path, type)
          expect([method, path, type, answer.status, answer.body.kind]).toEqual([
            method,
            path,
            type,
            415,
            'unsupported_media_type',
          ])
          expect(answer.body.detail).toContain(mediaTypes[0])
        }
      }
      const logIn = async (type: string | null) => (await send('POST', cloudPaths.login, type)).status
      expect(await logIn(null)).toBe(415)
      const headers = { authorization, 'content-type': 'application/json', 'content-encoding': 'gzip' }
      expect((await world.request('POST', cloudPaths.login, { body, headers })).status).toBe(415)
      for (const type of ['application/json', 'application/json; charset=UTF-8', 'Application/JSON;charset="utf-8"'])
        expect([type, await logIn(type)]).toEqual([type, 400])
    })

    it('has examples that do what they are for', async () => {
      const edge = await world.newEdge()
      const path = (template: string) =>
        template
          .replace('/rules/{id}', '/rules/oven-temperature')
          .replace('{id}/desired/{kind}/{key}', `${edge.id}/desired/policy/policy`)
      const withExample = routes.flatMap(({ method, template, operation }) => {
        const example = operation.requestBody?.content['application/json']?.example
        return example === undefined ? [] : [{ method, path: path(template), example }]
      })
      expect(withExample.length).toBe(3)
      // A rule is saved before it is asked for.
      const inOrder = withExample.toSorted((a, b) => b.method.localeCompare(a.method))
      for (const { method, path: url, example } of inOrder) {
        const { status, body } = await world.as(method, url, example)
        expect([url, status, body.detail]).toEqual([url, 200, undefined])
        if (method === 'POST') expect(body.data.status).toBe('HIGH')
      }
    })
  })
}
