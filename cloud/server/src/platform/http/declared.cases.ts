import { cloudPaths } from '@jidoka/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore } from '../../testing/stores.ts'
import { World } from '../../testing/world.ts'

// What the description does not name is refused, by every route that it names.

interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> }
  readonly responses: Readonly<Record<string, unknown>>
}

export function declaredCases(newStore: NewStore): void {
  describe('what a route declares', () => {
    let world: World
    let routes: { path: string; template: string; method: string; operation: Operation }[]
    beforeAll(async () => {
      world = await World.open(await newStore())
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
  })
}
