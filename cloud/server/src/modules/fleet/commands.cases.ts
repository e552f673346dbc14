import { createLog } from '@jidoka/base'
import { cloudPaths, edgeCommandSchema, edgeDetailSchema, fill } from '@jidoka/contract'
import type { CommandState } from '@jidoka/domain'
import { desiredRowSchema, syncPaths } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Database } from '../../platform/db/database.ts'
import { EventHub } from '../../platform/events.ts'
import { Metrics } from '../../platform/metrics.ts'
import { ruleOf, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { commandLimits } from './command-limits.ts'
import { commandTidyJob } from './command-tidier.ts'
import { Commands } from './commands.ts'
import { countFleet } from './gauges.ts'

export function commandCases(newStore: NewStore): void {
  describe('commands', () => {
    let world: World
    let edge: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())
    /** As the job does; one that is worked on would have its own hour. */
    const tidy = async () => {
      const { clock, store } = world
      const database = new Database(store.backend, { clock })
      const log = createLog('test', { level: 'silent' })
      const unheard = () => Promise.resolve()
      const commands = new Commands({
        database,
        clock,
        hub: new EventHub(),
        audit: { append: unheard, appendOfEdge: unheard },
        judgment: () => {
          throw new Error('tidying asks for no judgment')
        },
      })
      const signal = new AbortController().signal
      await commandTidyJob({ database, log, commands }).run({
        id: crypto.randomUUID(),
        tenantId: null,
        input: {},
        signal,
        log,
        progress: () => undefined,
      })
    }
    beforeEach(async () => {
      edge = await world.newEdge()
    })

    const path = () => fill(cloudPaths.edgeCommands, { id: edge.id })
    const issue = (command: object) => world.as('POST', path(), { id: crypto.randomUUID(), ...command })
    const bundleCommand = { what: { name: 'support_bundle' } }
    const list = async () => edgeCommandSchema.array().parse((await world.as('GET', path())).body.data)
    const report = (id: string, state: CommandState, more: object = {}) =>
      edge.sendRecords([
        {
          at_ms: world.clock.nowMs(),
          kind: 'reported',
          body: { kind: 'command', key: id, version: 1, state, problem: null, rule_hash: null, ...more },
        },
      ])
    const upload = (id: string, body: Uint8Array) => edge.signed('PUT', `${syncPaths.bundles}/${id}`, body)
    const bundle = (bytes: number) => {
      const body = new Uint8Array(bytes).map((_, index) => (index * 7) & 255)
      body.set([0x1f, 0x8b])
      return body
    }
    const fetchBundle = async (id: string) => {
      const response = await world.cloud.app.request(fill(cloudPaths.edgeCommandBundle, { id: edge.id, command: id }), {
        headers: { authorization: `Bearer ${await world.accessToken()}` },
      })
      return { status: response.status, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) }
    }

    it('are counted for Prometheus by where they stand, with the age of the oldest that is open', async () => {
      const count = async () => {
        const metrics = new Metrics()
        const { clock, store } = world
        await countFleet({
          database: new Database(store.backend, { clock }),
          clock,
          log: createLog('test', { level: 'silent' }),
          metrics,
        })
        const { values } = await metrics.commands.get()
        const of = Object.fromEntries(values.map(({ labels, value }) => [labels.state, value]))
        return { of, openS: (await metrics.commandOpenSeconds.get()).values[0]?.value ?? Number.NaN }
      }
      const before = await count()
      expect(Object.keys(before.of).toSorted()).toEqual(
        ['accepted', 'done', 'expired', 'failed', 'interrupted', 'refused', 'started', 'waiting'].toSorted(),
      )
      const [waiting, started, done] = [
        await issue(bundleCommand),
        await issue(bundleCommand),
        await issue(bundleCommand),
      ]
      await report(started.body.data.id, 'started')
      await report(done.body.data.id, 'done')
      world.clock.advance(60_000)
      const after = await count()
      for (const state of ['waiting', 'started', 'done']) expect(after.of[state]).toBe((before.of[state] ?? 0) + 1)
      expect(after.openS).toBeGreaterThanOrEqual(60)
      // They expire.
      world.clock.advance(3_600_000)
      expect((await count()).of['waiting']).toBe(0)
      expect(waiting.body.data.state).toBe('waiting')
    })

    it('a command is part of the desired state of its edge, with who gave it and until when', async () => {
      const { body } = await issue(bundleCommand)
      const { id } = edgeCommandSchema.parse(body.data)
      expect(body.data).toMatchObject({ state: 'waiting', issued_by: 'admin', result: null, bundle: null })
      const shape = await edge.signed('GET', `${syncPaths.shape}?table=fleet.desired&offset=-1`)
      expect(desiredRowSchema.parse(shape.body[0].value)).toMatchObject({ kind: 'command', key: id, version: 1 })
      expect(JSON.parse(shape.body[0].value.body)).toEqual({
        issued_by: 'admin',
        issued_at_ms: world.clock.nowMs(),
        expires_at_ms: world.clock.nowMs() + 3_600_000,
        what: { name: 'support_bundle' },
      })
    })

    it('the same command with the same id again is one command, another one with it is refused', async () => {
      const id = crypto.randomUUID()
      const first = await issue({ id, ...bundleCommand })
      world.clock.advance(1_000)
      expect((await issue({ id, ...bundleCommand })).body.data).toEqual(first.body.data)
      expect(await list()).toHaveLength(1)
      const other = await issue({ id, what: { name: 'resend', lane: 'readings', from_seq: 1, to_seq: 2 } })
      expect([other.status, other.body.detail]).toEqual([
        409,
        'This id was given to another command. Make a new id for this one.',
      ])
    })

    it('shows what came of each: heard, done with its result, expired unheard', async () => {
      const done = (await issue({ what: { name: 'resend', lane: 'readings', from_seq: 5, to_seq: 9 } })).body.data.id
      const unheard = (await issue({ ...bundleCommand, valid_min: 1 })).body.data.id
      await report(done, 'started')
      expect((await list()).find(({ id }) => id === done)?.state).toBe('started')
      await report(done, 'done', { result: { rows: 5, ranges: 1 } })
      world.clock.advance(61_000)
      const states = new Map((await list()).map((each) => [each.id, each]))
      expect(states.get(done)).toMatchObject({ state: 'done', result: { rows: 5, ranges: 1 } })
      expect(states.get(unheard)?.state).toBe('expired')
      const { items } = edgeDetailSchema.parse(
        (await world.as('GET', fill(cloudPaths.edge, { id: edge.id }))).body.data,
      )
      expect(items.find(({ key }) => key === done)).toMatchObject({
        desired_version: 1,
        reported: { version: 1, state: 'done', result: { rows: 5, ranges: 1 } },
      })
    })

    it('refuses what an edge could not do, each with what to do instead', async () => {
      const rule = { ...ruleOf(), version: 1 }
      const rehearsal = { name: 'rehearsal', rule, from_ms: 0, to_ms: 3_600_000 }
      for (const [what, status, detail] of [
        [{ name: 'resend', lane: 'readings', from_seq: 9, to_seq: 5 }, 400, 'lies before the first'],
        [{ name: 'resend', lane: 'records', from_seq: 1, to_seq: 9 }, 400, 'Only readings can be sent again'],
        [{ name: 'resend', lane: 'readings', from_seq: 1, to_seq: 9_000_000 }, 400, '1048576 numbers at most'],
        [{ name: 'format_disk' }, 400, 'Mend the fields'],
        [{ ...rehearsal, to_ms: 0 }, 400, 'before its beginning'],
        [{ ...rehearsal, to_ms: 90_000_000 }, 400, 'a day at most'],
        [{ ...rehearsal, rule: { ...rule, script: 'input.vale' } }, 422, ''],
      ] as const) {
        const answer = await issue({ what })
        expect([what, answer.status, answer.body.detail]).toEqual([what, status, expect.stringContaining(detail)])
      }
      expect(await list()).toEqual([])
      expect((await issue({ what: rehearsal })).status).toBe(200)
    })

    it('queues no more than an edge can do, and none for another tenant, a revoked edge, or who may not', async () => {
      for (let count = 0; count < commandLimits.openMax; count++) expect((await issue(bundleCommand)).status).toBe(200)
      expect((await issue(bundleCommand)).status).toBe(409)
      const [oldest] = await list()
      const taken = fill(cloudPaths.edgeCommand, { id: edge.id, command: oldest?.id ?? '' })
      expect((await world.as('DELETE', taken)).status).toBe(200)
      expect((await world.as('DELETE', taken)).status).toBe(404)
      expect((await issue(bundleCommand)).status).toBe(200)
      expect((await world.as('PUT', `/api/v1/fleet/edges/${edge.id}/desired/command/x`, { body: {} })).status).toBe(400)
      expect((await world.request('POST', path(), { json: bundleCommand })).status).toBe(401)
      await world.as('DELETE', fill(cloudPaths.edge, { id: edge.id }))
      expect((await issue(bundleCommand)).status).toBe(404)
    })

    it('counts and shows open commands behind any number of those that were taken back or are done', async () => {
      const take = (id: string) => world.as('DELETE', fill(cloudPaths.edgeCommand, { id: edge.id, command: id }))
      const open: string[] = []
      for (let count = 1; count < commandLimits.openMax; count++)
        open.push((await issue({ ...bundleCommand, valid_min: 60 })).body.data.id)
      for (let count = 0; count < 50; count++) {
        world.clock.advance(1)
        expect((await take((await issue(bundleCommand)).body.data.id)).status).toBe(200)
      }
      open.push((await issue({ ...bundleCommand, valid_min: 1 })).body.data.id)
      const full = await issue(bundleCommand)
      expect([full.status, full.body.detail]).toEqual([
        409,
        expect.stringContaining(`${commandLimits.openMax} commands`),
      ])
      expect(new Set((await list()).map(({ id }) => id))).toEqual(new Set(open))
      // One expires unheard, one is done, one cannot be read there, one is begun: three places.
      world.clock.advance(60_001)
      await report(open[0] ?? '', 'done')
      await report(open[1] ?? '', 'refused' as CommandState)
      await report(open[2] ?? '', 'started')
      for (const status of [200, 200, 200, 409]) expect((await issue(bundleCommand)).status).toBe(status)
    })

    it('shows an open command that is older than all that the list has room for', async () => {
      const { id } = (await issue({ ...bundleCommand, valid_min: 60 })).body.data
      for (let count = 0; count < 60; count++) {
        world.clock.advance(1)
        await report((await issue(bundleCommand)).body.data.id, 'done')
      }
      const shown = await list()
      expect([shown.length, shown.at(-1)?.id]).toEqual([50, id])
      expect(shown.map(({ issued_at }) => issued_at)).toEqual(
        shown
          .map(({ issued_at }) => issued_at)
          .toSorted()
          .toReversed(),
      )
    })

    it('refuses a command under the id of one that was taken back', async () => {
      const { id } = (await issue(bundleCommand)).body.data
      await world.as('DELETE', fill(cloudPaths.edgeCommand, { id: edge.id, command: id }))
      const again = await issue({ id, ...bundleCommand })
      expect([again.status, again.body.detail]).toEqual([
        409,
        'This command was taken back. Make a new id to give it once more.',
      ])
      expect(await list()).toEqual([])
    })

    it('forgets a command after 30 days, also one that was taken back, and tells its edge that it is gone', async () => {
      const rows = async (table: string) =>
        (
          await world.store.backend.pool.query(`select * from fleet.${table} where edge_id = $1 and kind = 'command'`, [
            edge.id,
          ])
        ).rows
      const rule = { ...ruleOf(), version: 1 }
      const { id } = (await issue({ what: { name: 'rehearsal', rule, from_ms: 0, to_ms: 3_600_000 } })).body.data
      const taken = (await issue(bundleCommand)).body.data.id
      await world.as('DELETE', fill(cloudPaths.edgeCommand, { id: edge.id, command: taken }))
      await report(id, 'done', { result: { rows: 5 } })
      const start = await edge.signed('GET', `${syncPaths.shape}?table=fleet.desired&offset=-1`)
      world.clock.advance(commandLimits.keptMs + 2 * 3_600_000)
      await tidy()
      expect(await rows('desired')).toEqual([])
      expect(await rows('reported')).toEqual([])
      expect((await rows('desired_changes')).map(({ operation, body }) => [operation, body])).toEqual([
        ['delete', '{}'],
        ['delete', '{}'],
      ])
      const position = `offset=${start.headers.get('electric-offset')}&handle=${start.headers.get('electric-handle')}`
      const news = await edge.signed('GET', `${syncPaths.shape}?table=fleet.desired&${position}`)
      expect(news.status).toBe(200)
      const gone = news.body.slice(0, -1) as { headers: { operation: string }; value: unknown }[]
      expect(gone.map(({ headers }) => headers.operation)).toEqual(['delete', 'delete'])
      expect(new Set(gone.map(({ value }) => desiredRowSchema.parse(value).key))).toEqual(new Set([id, taken]))
      // With a new epoch an edge says once more what it knows.
      await report(id, 'done', { result: { rows: 5 } })
      expect(await rows('reported')).toHaveLength(1)
      await tidy()
      expect(await rows('reported')).toEqual([])
    })

    it('takes the bundle of a command of this edge, gives it to who may have it, and forgets it after 30 days', async () => {
      const { id } = (await issue(bundleCommand)).body.data
      const body = bundle(2_500_000)
      await report(id, 'started')
      expect((await upload(id, bundle(10))).status).toBe(200)
      expect((await upload(id, body)).status).toBe(200)
      await report(id, 'done', { result: { bytes: body.length } })
      expect((await list())[0]?.bundle).toMatchObject({ bytes: body.length })
      const fetched = await fetchBundle(id)
      expect(fetched.status).toBe(200)
      expect(Buffer.compare(fetched.body, body)).toBe(0)
      expect(fetched.headers.get('content-disposition')).toContain('attachment')
      world.clock.advance(commandLimits.keptMs + 2 * 3_600_000)
      await tidy()
      expect((await fetchBundle(id)).status).toBe(404)
      while ((await list()).length > 0) await new Promise((resolve) => setImmediate(resolve))
      const { pending_items, items } = (await world.as('GET', fill(cloudPaths.edge, { id: edge.id }))).body.data
      expect([pending_items, items]).toEqual([0, []])
    })

    it('refuses a bundle that nobody asked for, that is none, or that is too large', async () => {
      const stranger = await world.newEdge()
      const { id } = (await issue(bundleCommand)).body.data
      const resend = (await issue({ what: { name: 'resend', lane: 'readings', from_seq: 1, to_seq: 1 } })).body.data.id
      expect((await upload(crypto.randomUUID(), bundle(10))).status).toBe(404)
      expect((await stranger.signed('PUT', `${syncPaths.bundles}/${id}`, bundle(10))).status).toBe(404)
      expect((await upload(resend, bundle(10))).body.detail).toContain('makes no bundle')
      expect((await upload(id, new Uint8Array(10))).body.detail).toContain('.tar.gz')
      expect((await upload(id, bundle(commandLimits.bundleBytesMax + 1))).body.refusal.kind).toBe('too_large')
      await report(id, 'failed')
      expect((await upload(id, bundle(10))).status).toBe(409)
      expect((await fetchBundle(id)).status).toBe(404)
    })
  })
}
