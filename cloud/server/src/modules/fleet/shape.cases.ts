import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Shape, ShapeStream } from '@electric-sql/client'
import type { Row } from '@electric-sql/client'
import { getRequestListener } from '@hono/node-server'
import { parseDesiredRow, syncPaths } from '@jidoka/sync-protocol'
import { ManualClock } from '@jidoka/base'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ElectricStub } from '../../testing/electric-stub.ts'
import { World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { changesKept } from './desired-repository.ts'

// The shape endpoint against the real client of Electric, over a real socket: what the edge uses is what is tested.

type Path = 'from the change log' | 'from Electric'

/** A case of one path alone is none of the other: it is not there, and no skip. */
const itWhere = (holds: boolean): ((name: string, body: () => Promise<void>) => void) => (holds ? it : () => undefined)

/** The same for both ways that a shape is served; what is one way's alone is at the end. */
export function shapeCases(newStore: NewStore): void {
  runShapeCases(newStore, 'from the change log')
  runShapeCases(newStore, 'from Electric')
}

function runShapeCases(newStore: NewStore, path: Path): void {
  describe(`shape, ${path}`, () => {
    const isOwn = path === 'from the change log'
    let stub: ElectricStub
    let electric: { url: string; secret: string } | undefined
    let world: World
    let edge: TestEdge
    let url: string
    let closeServer: () => Promise<void>
    const streams: AbortController[] = []

    const open = (store: World['store'], clock: ManualClock) =>
      World.open(store, { clock, ...(electric === undefined ? {} : { electric }) })
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
      const store = await newStore()
      const clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
      stub = new ElectricStub(store.backend.pool, clock)
      if (!isOwn) electric = { url: await stub.listen(), secret: stub.secret }
      world = await open(store, clock)
      await serve()
    })
    afterEach(async () => {
      for (const stream of streams.splice(0)) stream.abort()
      while (!/^jidoka_shape_waiters 0$/m.test((await world.request('GET', '/metrics')).body))
        await new Promise((resolve) => setImmediate(resolve))
    })
    afterAll(async () => {
      await closeServer()
      await world.cloud.stop()
      if (!isOwn) await stub.close()
      await world.store.close()
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
    /** The query with which an edge that has everything waits for more. */
    const live = async (of: TestEdge = edge) => {
      let { headers } = await raw('table=fleet.desired&offset=-1', of)
      const position = () => `offset=${headers.get('electric-offset')}&handle=${headers.get('electric-handle')}`
      while (!headers.has('electric-up-to-date')) headers = (await raw(`table=fleet.desired&${position()}`, of)).headers
      return `table=fleet.desired&live=true&cursor=${headers.get('electric-cursor') ?? ''}&${position()}`
    }

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
      world = await open(world.store, world.clock)
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

    itWhere(isOwn)('makes a client fetch everything again when the log no longer reaches back to it', async () => {
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

    itWhere(isOwn)(
      'makes a client fetch everything again that stands ahead of a database which has lost its last seconds',
      async () => {
        const ahead = await world.newEdge({ name: 'ahead' })
        await put('kim', user('v0'), ahead)
        const start = await raw('table=fleet.desired&offset=-1', ahead)
        const refused = await raw(
          `table=fleet.desired&offset=99_0&handle=${start.headers.get('electric-handle')}`,
          ahead,
        )
        expect(refused.status).toBe(409)
        const again = await raw('table=fleet.desired&offset=-1', ahead)
        expect(again.headers.get('electric-handle')).toBe(refused.headers.get('electric-handle'))
      },
    )

    it('answers a long poll without news after twenty seconds', async () => {
      const waiting = raw(await live())
      const state = { answered: false }
      void waiting.then(() => (state.answered = true))
      // Not before it waits: the clock would run away from the request's signature.
      while (!/^jidoka_shape_waiters 1$/m.test((await world.request('GET', '/metrics')).body))
        await new Promise((resolve) => setImmediate(resolve))
      if (!isOwn) while (stub.waiting === 0) await new Promise((resolve) => setImmediate(resolve))
      let passedMs = 0
      while (!state.answered) {
        // An answer over a socket takes a while of real time, in which no more of the clock's may pass.
        if (passedMs < 25_000) world.clock.advance(1_000)
        passedMs += passedMs < 25_000 ? 1_000 : 0
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(passedMs).toBeGreaterThanOrEqual(20_000)
      const answer = await waiting
      expect(answer.status).toBe(200)
      expect(answer.body).toMatchObject([{ headers: { control: 'up-to-date' } }])
      expect(answer.headers.get('electric-cursor')).not.toBeNull()
    })

    it('tells a waiting edge at once that it was revoked, and its next batch too', async () => {
      const gone = await world.newEdge({ name: 'gone' })
      const waiting = raw(await live(gone), gone)
      while (!/^jidoka_shape_waiters 1$/m.test((await world.request('GET', '/metrics')).body))
        await new Promise((resolve) => setImmediate(resolve))
      await world.as('DELETE', `/api/v1/fleet/edges/${gone.id}`)
      expect((await waiting).body.refusal).toEqual({ kind: 'revoked' })
      const batch = gone.readingsBatch([{ tagNo: 1, timeMs: 1, value: 1 }])
      expect((await gone.send(batch)).body.refusal).toEqual({ kind: 'revoked' })
    })

    it('makes a client fetch everything again under another handle when its history is unknown', async () => {
      const late = await world.newEdge({ name: 'late' })
      await put('kim', user('v0'), late)
      const start = await raw('table=fleet.desired&offset=-1', late)
      const position = { offset: '7_0', handle: crypto.randomUUID() }
      const refused = await raw(`table=fleet.desired&offset=${position.offset}&handle=${position.handle}`, late)
      expect([refused.status, refused.body]).toEqual([409, [{ headers: { control: 'must-refetch' } }]])
      expect(refused.headers.get('electric-handle')).toBe(start.headers.get('electric-handle'))
      await untilNames(follow(late, position).shape, ['v0'])
    })

    itWhere(!isOwn)('lets an edge say where it stands, and nothing of what it gets', async () => {
      const curious = await world.newEdge({ name: 'curious' })
      await raw(
        'table=fleet.desired&offset=-1&where=true&params[1]=x&columns=changed_by&secret=y&log=full&replica=default',
        curious,
      )
      expect(Object.fromEntries(stub.asked.at(-1) ?? [])).toEqual({
        offset: '-1',
        table: 'fleet.desired',
        where: 'edge_id = $1 and deleted = false',
        'params[1]': curious.id,
        columns: 'id,edge_id,kind,key,version,body',
        replica: 'full',
        secret: stub.secret,
      })
    })

    itWhere(!isOwn)('follows when Electric has forgotten a shape that an edge waits for', async () => {
      const left = await world.newEdge({ name: 'left' })
      await put('kim', user('v0'), left)
      const { shape } = follow(left)
      await untilNames(shape, ['v0'])
      stub.rotate()
      await put('kim', user('v1'), left)
      await untilNames(shape, ['v1'])
    })

    itWhere(!isOwn)('says what to do when Electric is busy, does not know this cloud, fails, or is gone', async () => {
      const ask = () => raw('table=fleet.desired&offset=-1')
      stub.failing = { status: 429, headers: { 'retry-after': '7' } }
      const busy = await ask()
      expect([busy.status, busy.body.refusal, busy.headers.get('retry-after')]).toEqual([
        503,
        { kind: 'busy', retry_after_ms: 7_000 },
        '7',
      ])
      for (const [status, detail] of [
        [401, 'ELECTRIC_SECRET'],
        [400, 'looks into the log'],
        [500, 'looks into the log'],
      ] as const) {
        stub.failing = { status }
        const answer = await ask()
        expect([answer.status, answer.body.kind, answer.body.detail]).toEqual([
          503,
          'unavailable',
          expect.stringContaining(detail),
        ])
      }
      stub.failing = undefined
      expect((await world.request('GET', '/ready')).body).toEqual({ status: 'ok', database: 'ok', electric: 'ok' })
    })

    for (const hanging of ['before the head', 'in the body'] as const) {
      itWhere(!isOwn)(`gives an answer of Electric up that stops ${hanging}`, async () => {
        stub.hanging = hanging
        const askedBefore = stub.asked.length
        const waiting = raw('table=fleet.desired&offset=-1').then(
          ({ status, body }) => [status, body.kind],
          () => 'broken off',
        )
        const state = { ended: false }
        void waiting.then(() => (state.ended = true))
        while (stub.asked.length === askedBefore) await new Promise((resolve) => setImmediate(resolve))
        while (!state.ended) {
          world.clock.advance(1_000)
          await new Promise((resolve) => setImmediate(resolve))
        }
        stub.hanging = undefined
        expect(await waiting).toEqual(hanging === 'in the body' ? 'broken off' : [503, 'unavailable'])
      })
    }

    it('serves the desired state and no other table', async () => {
      expect((await raw('table=core.users&offset=-1')).status).toBe(400)
      expect((await raw('table=fleet.desired&offset=1;drop')).status).toBe(400)
    })

    it('answers waiting clients at once when the program stops', async () => {
      const waiting = raw(await live())
      while (!/^jidoka_shape_waiters 1$/m.test((await world.request('GET', '/metrics')).body))
        await new Promise((resolve) => setImmediate(resolve))
      world.cloud.drain()
      expect((await waiting).status).toBe(200)
      expect((await world.request('GET', '/ready')).status).toBe(503)
      expect((await world.request('GET', '/health')).status).toBe(200)
    })
  })
}
