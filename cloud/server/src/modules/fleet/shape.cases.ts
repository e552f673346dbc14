import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Shape, ShapeStream } from '@electric-sql/client'
import type { Row } from '@electric-sql/client'
import { getRequestListener } from '@hono/node-server'
import { parseDesiredRow, syncPaths } from '@jidoka/sync-protocol'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { changesKept } from './desired-repository.ts'

// The shape endpoint against the real client of Electric, over a real socket: what the edge uses is what is tested.

export function shapeCases(newStore: NewStore): void {
  describe('shape', () => {
    let world: World
    let edge: TestEdge
    let url: string
    let closeServer: () => Promise<void>
    const streams: AbortController[] = []

    const serve = async () => {
      const answer = getRequestListener((request, env) => world.cloud.app.fetch(request, env))
      const server = createServer((request, response) => void answer(request, response))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${syncPaths.shape}`
      closeServer = async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    }
    beforeAll(async () => {
      world = await World.open(await newStore())
      await serve()
    })
    afterEach(async () => {
      for (const stream of streams.splice(0)) stream.abort()
      while (!/^jidoka_shape_waiters 0$/m.test((await world.request('GET', '/metrics')).body))
        await new Promise((resolve) => setImmediate(resolve))
    })
    afterAll(async () => {
      await closeServer()
      await world.close()
    })

    const put = (key: string, body: unknown, of: TestEdge = edge) =>
      world.as('PUT', `/api/v1/fleet/edges/${of.id}/desired/user/${key}`, { body })
    const user = (name: string) => ({ name, role: 'operator', locale: 'ko', password_hash: 'scrypt$1' })
    /** Signs each request of the client, as an edge does. */
    const signingFetch =
      (of: TestEdge): typeof fetch =>
      (input, init) => {
        const at = new URL(input instanceof Request ? input.url : input)
        return fetch(at, {
          ...init,
          headers: { ...(init?.headers as Record<string, string>), ...of.headers('GET', at.pathname + at.search) },
        })
      }
    const follow = (of: TestEdge, from: { offset?: string; handle?: string } = {}) => {
      const controller = new AbortController()
      streams.push(controller)
      const stream = new ShapeStream({
        url,
        params: { table: 'fleet.desired' },
        fetchClient: signingFetch(of),
        signal: controller.signal,
        ...(from as object),
      })
      // The client's own types disagree with each other under exactOptionalPropertyTypes.
      return { stream, shape: new Shape(stream as unknown as ConstructorParameters<typeof Shape<Row>>[0]), controller }
    }
    const namesOf = (rows: Row[]) => rows.map((row) => (row['body'] as { name: string }).name).sort()
    const until = <Result>(shape: Shape, read: (rows: Row[]) => Result | undefined): Promise<Result> =>
      new Promise((resolve) => {
        const look = () => {
          const result = read([...shape.currentValue.values()])
          if (result !== undefined) {
            unsubscribe()
            resolve(result)
          }
        }
        const unsubscribe = shape.subscribe(look)
        look()
      })
    const untilNames = (shape: Shape, names: string[]) =>
      until(shape, (rows) => (JSON.stringify(namesOf(rows)) === JSON.stringify(names) ? rows : undefined))
    const raw = (query: string, of: TestEdge = edge) => of.signed('GET', `${syncPaths.shape}?${query}`)

    it('gives the real client a snapshot of the edge, and of no other edge', async () => {
      edge = await world.newEdge()
      const other = await world.newEdge({ name: 'other' })
      await put('kim', user('Kim'))
      await put('lee', user('Lee'))
      await put('park', user('Park'), other)
      const rows = await follow(edge).shape.rows
      expect(namesOf(rows)).toEqual(['Kim', 'Lee'])
      for (const row of rows) expect(parseDesiredRow(row)).toMatchObject({ kind: 'ok', edgeId: edge.id })
    })

    it('gives an edge without anything an empty shape', async () => {
      expect(await follow(await world.newEdge()).shape.rows).toEqual([])
    })

    it('tells a waiting client of a change, an addition and a removal at once', async () => {
      const { shape } = follow(edge)
      await untilNames(shape, ['Kim', 'Lee'])
      await put('kim', user('Kim Min-jun'))
      const rows = await untilNames(shape, ['Kim Min-jun', 'Lee'])
      expect(rows.find((row) => row['key'] === 'kim')?.['version']).toBe(2n)
      await put('choi', user('Choi'))
      await untilNames(shape, ['Choi', 'Kim Min-jun', 'Lee'])
      await world.as('DELETE', `/api/v1/fleet/edges/${edge.id}/desired/user/lee`)
      await untilNames(shape, ['Choi', 'Kim Min-jun'])
      await put('lee', user('Lee is back'))
      await untilNames(shape, ['Choi', 'Kim Min-jun', 'Lee is back'])
    })

    it('goes on from where a client stood after both ends were started anew', async () => {
      const first = follow(edge)
      await first.shape.rows
      const position = { offset: first.stream.lastOffset, handle: first.stream.shapeHandle as string }
      first.controller.abort()
      await closeServer()
      await world.cloud.stop()
      await put('choi', user('Choi Seo-yeon'))
      world = await World.open(world.store, { clock: world.clock })
      ;(edge as { world: World }).world = world
      await serve()
      const messages: unknown[] = []
      const { stream } = follow(edge, position)
      await new Promise<void>((resolve) =>
        stream.subscribe((batch) => {
          messages.push(...batch)
          if (stream.isUpToDate) resolve()
        }),
      )
      expect(messages).toMatchObject([
        { headers: { operation: 'update' }, value: { key: 'choi', body: { name: 'Choi Seo-yeon' } } },
        { headers: { control: 'up-to-date' } },
      ])
    })

    it('makes a client fetch everything again when the log no longer reaches back to it', async () => {
      const away = await world.newEdge({ name: 'away' })
      await put('kim', user('v0'), away)
      const start = await raw('table=fleet.desired&offset=-1', away)
      const position = {
        offset: start.headers.get('electric-offset') as string,
        handle: start.headers.get('electric-handle') as string,
      }
      await put('kim', user('v1'), away)
      // What a thousand more changes would do.
      await world.store.backend.pool.query('update fleet.edges set desired_seq = desired_seq + $2 where id = $1', [
        away.id,
        changesKept,
      ])
      await put('kim', user('v2'), away)
      const refused = await raw(`table=fleet.desired&offset=${position.offset}&handle=${position.handle}`, away)
      expect(refused.status).toBe(409)
      expect(refused.body).toEqual([{ headers: { control: 'must-refetch' } }])
      expect(refused.headers.get('electric-handle')).not.toBe(position.handle)
      const { shape } = follow(away, position)
      await untilNames(shape, ['v2'])
    })

    it('makes a client fetch everything again that stands ahead of a database which has lost its last seconds', async () => {
      const ahead = await world.newEdge({ name: 'ahead' })
      await put('kim', user('v0'), ahead)
      const start = await raw('table=fleet.desired&offset=-1', ahead)
      const refused = await raw(`table=fleet.desired&offset=99_0&handle=${start.headers.get('electric-handle')}`, ahead)
      expect(refused.status).toBe(409)
      const again = await raw('table=fleet.desired&offset=-1', ahead)
      expect(again.headers.get('electric-handle')).toBe(refused.headers.get('electric-handle'))
    })

    it('answers a long poll without news after twenty seconds', async () => {
      const start = await raw('table=fleet.desired&offset=-1')
      const { headers } = start
      const waiting = raw(
        `table=fleet.desired&live=true&cursor=${headers.get('electric-cursor')}&offset=${headers.get('electric-offset')}&handle=${headers.get('electric-handle')}`,
      )
      const state = { answered: false }
      void waiting.then(() => (state.answered = true))
      // Not before it waits: the clock would run away from the request's signature.
      while (!/^jidoka_shape_waiters 1$/m.test((await world.request('GET', '/metrics')).body))
        await new Promise((resolve) => setImmediate(resolve))
      let passedMs = 0
      while (!state.answered) {
        world.clock.advance(1_000)
        passedMs += 1_000
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(passedMs).toBeGreaterThanOrEqual(20_000)
      const answer = await waiting
      expect(answer.status).toBe(200)
      expect(answer.body).toMatchObject([{ headers: { control: 'up-to-date' } }])
      expect(answer.headers.get('electric-cursor')).not.toBeNull()
    })

    it('answers waiting clients at once when the program stops', async () => {
      const start = await raw('table=fleet.desired&offset=-1')
      const waiting = raw(
        `table=fleet.desired&live=true&offset=${start.headers.get('electric-offset')}&handle=${start.headers.get('electric-handle')}`,
      )
      world.cloud.drain()
      expect((await waiting).status).toBe(200)
      expect((await world.request('GET', '/ready')).status).toBe(503)
      expect((await world.request('GET', '/health')).status).toBe(200)
    })

    it('serves the desired state and no other table', async () => {
      expect((await raw('table=core.users&offset=-1')).status).toBe(400)
      expect((await raw('table=fleet.desired&offset=1;drop')).status).toBe(400)
    })
  })
}
