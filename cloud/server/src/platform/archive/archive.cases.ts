import { createLog } from '@jidoka/base'
import { archiveSchema, cloudPaths, fill } from '@jidoka/contract'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgmentRecord, tagRecord, World } from '../../testing/world.ts'
import type { Loose, TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import type { ObjectsPort } from '../objects/port.ts'
import { keepPartitions } from '../partitions/keep.ts'
import { Partitions } from '../partitions/partitions.ts'
import { PartitionArchivist } from './archivist.ts'
import { parquetOf, rowsOfParquet } from './parquet.ts'
import { archivedTables } from './tables.ts'

/*
 * Goal: a month whose time is over is dropped when, and only when, every tenant that asked for it has a file with all of its rows and of nobody else's.
 * Invariant: at any instant the rows of such a tenant are in the partition, or in an archive that was read back; wherever the program dies, the next run ends
 * with the same. Modelled: the death, as a database or an object store that answers nothing from some call on. Really run: both databases, the files.
 */

const dayMs = 24 * 3_600_000
/** The world's clock says November 2026: judgments are kept since November 2024, readings since November 2025. */
const overMs = Date.UTC(2024, 9, 31, 23, 59, 58)
const overReadingsMs = Date.UTC(2025, 9, 30, 12)
const coldMs = Date.UTC(2026, 5, 10)
const log = createLog('test', { level: 'silent' })

export function archiveCases(newStore: NewStore): void {
  describe('months whose time is over', () => {
    let world: World
    let other: World
    let edge: TestEdge
    let database: Database
    let objects: ObjectsPort

    beforeAll(async () => {
      world = await World.open(await newStore())
      other = await World.open(world.store, { clock: world.clock, tenant: 'other' })
      edge = await world.newEdge()
      const theirs = await other.newEdge({ name: 'their shop', siteCode: 'THEIRS', login: 'admin@other' })
      database = new Database(world.store.backend, { clock: world.clock })
      objects = world.cloud.objects.port
      await own(`select jidoka.make_month_partition('core.judgment_executions', '2024-10-01')`)
      await own(`select jidoka.make_month_partition('core.reading_segments', '2025-10-01')`)
      await edge.sendRecords([
        tagRecord(overMs, 1, 'LINE-A/PRESS-1/temperature'),
        tagRecord(overMs, 2, 'LINE-A/PRESS-1/running', 'boolean', ''),
        tagRecord(overMs, 3, 'LINE-A/PRESS-1/program', 'text', ''),
        ...Array.from({ length: 40 }, (_, n) =>
          judgmentRecord(
            overMs + n,
            n % 2 === 0 ? {} : { explanation: null, equipment: null, status: 'LOW', subject: '경고' },
          ),
        ),
        ...Array.from({ length: 30 }, (_, n) =>
          judgmentRecord(coldMs + n, { line: n % 3 === 0 ? 'LINE-B' : 'LINE-A' }),
        ),
        judgmentRecord(world.clock.nowMs()),
      ])
      await edge.sendReadings([
        ...Array.from({ length: 30 }, (_, n) => ({ tagNo: 1, timeMs: overReadingsMs + n * 1_000, value: 90 + n / 8 })),
        ...Array.from({ length: 5 }, (_, n) => ({ tagNo: 1, timeMs: overReadingsMs + 60_000, value: n * 1e300 })),
        ...Array.from({ length: 4 }, (_, n) => ({ tagNo: 2, timeMs: overReadingsMs + n, value: n % 2 === 0 })),
        { tagNo: 3, timeMs: overReadingsMs, value: '가동', quality: 'uncertain' as const },
      ])
      await theirs.sendRecords(Array.from({ length: 3 }, (_, n) => judgmentRecord(overMs + n, { line: 'THEIRS' })))
    })
    afterAll(async () => {
      await other.cloud.stop()
      await world.close()
    })

    const own = async (text: string, values: unknown[] = []): Promise<Loose[]> =>
      (await world.store.backend.pool.query(text, values)).rows
    const tablesThere = async () =>
      (
        await own(
          `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind = 'r' and c.relname ~ '_y\\d{4}' order by 1`,
        )
      ).map(({ name }) => name)
    const indexesOf = async (partition: string) =>
      (await own('select indexrelid::regclass::text as name from pg_index where indrelid = $1::regclass', [partition]))
        .length
    const keep = (changes: { database?: Database; objects?: ObjectsPort } = {}) => {
      const parts = { database, objects, ...changes }
      return keepPartitions({
        ...parts,
        clock: world.clock,
        log,
        partitions: new Partitions(parts.database, world.clock),
        archivist: new PartitionArchivist({ objects: parts.objects, audit: auditOf(), clock: world.clock, log }),
      })
    }
    /** The entry in the audit log is another part's; here it is counted. */
    let noted = 0
    const auditOf = () => ({
      append: async () => void noted++,
      appendOfEdge: () => Promise.resolve(),
    })
    const list = async (login = 'admin') =>
      archiveSchema.array().parse((await world.as('GET', cloudPaths.archives, undefined, login)).body.data)
    const over = 'judgment_executions_y2024m10'

    it('are asked for by an administrator, for the tables that have an archive', async () => {
      const tables = ['core.judgment_executions', 'core.reading_segments']
      expect((await world.as('PUT', cloudPaths.archiveSettings, { tables })).status).toBe(200)
      expect((await world.as('GET', cloudPaths.archiveSettings)).body.data).toEqual({ tables })
      expect((await other.as('GET', cloudPaths.archiveSettings, undefined, 'admin@other')).body.data).toEqual({
        tables: [],
      })
      expect((await world.as('PUT', cloudPaths.archiveSettings, { tables: ['core.users'] })).status).toBe(400)
    })

    it('stay while what was written is not what the database holds', async () => {
      const spec = archivedTables['core.judgment_executions']
      // An object store that loses a row of the file on its way.
      const lossy: ObjectsPort = Object.assign(Object.create(objects) as ObjectsPort, {
        open: objects.open.bind(objects),
        put: async (tenantId: string, object: Parameters<ObjectsPort['put']>[1]) => {
          const chunks: Uint8Array[] = []
          for await (const chunk of object.body) chunks.push(chunk)
          const bytes = Buffer.concat(chunks)
          const groups = rowsOfParquet({ bytes: bytes.length, slice: async (from, to) => bytes.subarray(from, to) })
          const less = async function* () {
            for await (const rows of groups) yield rows.slice(1)
          }
          return objects.put(tenantId, { ...object, body: parquetOf(spec, less()) })
        },
      })
      expect((await keep({ objects: lossy })).failed).toBe(2)
      expect(await tablesThere()).toContain(`jidoka.${over}`)
      expect(await own(`select count(*)::int as n from jidoka.${over}`)).toEqual([{ n: 43 }])
      expect(await list()).toEqual([])
      expect(noted).toBe(0)
    })

    it('I6: show each tenant its own rows alone while they wait', async () => {
      const seen = (tenant: string) =>
        database.withTenant(tenant, (tx) => tx.query(`select tenant_id from jidoka.${over}`))
      expect((await seen('other')).length).toBe(3)
      expect((await seen('demo')).length).toBe(40)
    })

    it(
      'wherever the program dies: each is archived once, whole, and gone at the end',
      { timeout: 60_000 },
      async () => {
        let isDone = false
        let calls = 0
        for (; !isDone; calls++) {
          expect(calls).toBeLessThan(200)
          const life = new Life(calls)
          const report = await keep({ database: mortal(database, life), objects: mortal(objects, life) }).catch(
            () => null,
          )
          isDone = report !== null && report.failed === 0 && !life.isOver
          const kept = (await list()).filter(({ partition }) => partition === over)
          const there = (await tablesThere()).some((name) => name.endsWith(over))
          // The invariant, at every death.
          expect([calls, kept.length === 1 || there]).toEqual([calls, true])
          expect(kept.length).toBeLessThan(2)
        }
        expect(calls).toBeGreaterThan(20)
        expect((await tablesThere()).filter((name) => name.includes('y2024m10') || name.includes('y2025m10'))).toEqual(
          [],
        )
        expect((await list()).map(({ partition, rows, table }) => [table, partition, rows])).toEqual([
          ['core.reading_segments', 'reading_segments_y2025m10', 40],
          ['core.judgment_executions', over, 40],
        ])
        expect(await keep()).toMatchObject({ detached: 0, dropped: 0, failed: 0 })
      },
    )

    it('are given as a Parquet file that anybody can read, by a link that ends', async () => {
      const [readings, judgments] = await list()
      const download = async (id: string) => {
        const link = await world.as('POST', fill(cloudPaths.archiveLink, { id }))
        const response = await world.cloud.app.request(link.body.data.path)
        expect(response.status).toBe(200)
        expect(response.headers.get('content-disposition')).toContain('.parquet')
        const file = await response.arrayBuffer()
        expect(file.byteLength).toBe(Number(response.headers.get('content-length')))
        return { path: link.body.data.path as string, rows: (await parquetReadObjects({ file })) as Loose[] }
      }
      const { rows, path } = await download(judgments?.id ?? '')
      expect(rows.length).toBe(40)
      expect(rows.every(({ line }) => line === 'LINE-A')).toBe(true)
      const [first] = rows.toSorted((one, two) => Number(one.executed_at) - Number(two.executed_at))
      expect(first).toMatchObject({
        executed_at: new Date(overMs),
        status: 'HIGH',
        confidence: 0.95,
        inputs: expect.stringContaining('92.5'),
        edge_id: edge.id,
      })
      const found = (await download(readings?.id ?? '')).rows
      expect(found.length).toBe(40)
      expect(
        found.filter(({ tag_key: key }) => key === 'LINE-A/PRESS-1/temperature').map(({ number }) => number),
      ).toEqual(expect.arrayContaining([...Array.from({ length: 30 }, (_, n) => 90 + n / 8), 4e300]))
      expect(found.find(({ kind }) => kind === 'text')).toMatchObject({
        text: '가동',
        quality: 1n,
        time: new Date(overReadingsMs),
        sensor_type: 'program',
      })
      expect(found.filter(({ kind }) => kind === 'boolean').map(({ number }) => number)).toEqual([1, 0, 1, 0])
      for (const wrong of [path.slice(0, -2), `${path}x`, cloudPaths.objectLink.replace('{token}', 'a.b')])
        expect((await world.request('GET', wrong)).status).toBe(404)
      world.clock.advance(901_000)
      expect((await world.request('GET', path)).status).toBe(404)
    })

    it('I6: are nobody else’s', async () => {
      expect((await other.as('GET', cloudPaths.archives, undefined, 'admin@other')).body.data).toEqual([])
      const id = (await list())[0]?.id ?? ''
      const tries: [string, string][] = [
        ['POST', cloudPaths.archiveLink],
        ['POST', cloudPaths.archiveRestore],
        ['DELETE', cloudPaths.archiveRestore],
        ['GET', cloudPaths.archiveRows],
        ['DELETE', cloudPaths.archive],
      ]
      for (const [method, path] of tries)
        expect([path, (await other.as(method, fill(path, { id }), undefined, 'admin@other')).status]).toEqual([
          path,
          404,
        ])
    })

    it('are read back into the database, wherever reading them back was ended, and taken away again', async () => {
      const [, archive] = await list()
      const id = archive?.id ?? ''
      const { service } = world.cloud.archives
      const rowsPath = fill(cloudPaths.archiveRows, { id })
      expect((await world.as('GET', rowsPath)).status).toBe(409)
      expect((await world.as('POST', fill(cloudPaths.archiveRestore, { id }))).status).toBe(200)
      expect((await world.as('POST', fill(cloudPaths.archiveRestore, { id }))).status).toBe(409)
      expect((await list())[1]?.restoration?.state).toBe('restoring')
      const told = () => undefined
      const ended = AbortSignal.abort(new Error('the process stops'))
      await expect(service.restore('demo', id, { signal: ended, told })).rejects.toThrow('the process stops')
      const { signal } = new AbortController()
      expect(await service.restore('demo', id, { signal, told })).toBe(40)
      expect(await service.restore('demo', id, { signal, told })).toBe(40)
      expect((await list())[1]?.restoration).toMatchObject({ state: 'restored', by: 'admin' })
      const page = (await world.as('GET', `${rowsPath}?limit=30`)).body.data
      const rest = (await world.as('GET', `${rowsPath}?limit=30&after=30`)).body.data
      expect([...page, ...rest].map(({ no }) => no)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1))
      expect(page[0].row).toMatchObject({ line: 'LINE-A', confidence: 0.95 })
      expect((await world.as('DELETE', fill(cloudPaths.archiveRestore, { id }))).status).toBe(200)
      expect(await own('select no from core.restored_rows')).toEqual([])
      expect((await world.as('GET', rowsPath)).status).toBe(409)
    })

    it('that were read back are taken away when thirty days are over', async () => {
      const [, archive] = await list()
      const id = archive?.id ?? ''
      const { service } = world.cloud.archives
      const { signal } = new AbortController()
      await service.askRestore('demo', id, 'admin')
      await service.restore('demo', id, { signal, told: () => undefined })
      await own(`update core.archives set restored_until = now() - interval '100 years' where id = $1`, [id])
      expect((await world.as('GET', fill(cloudPaths.archiveRows, { id }))).status).toBe(409)
      expect(await service.tidy('demo', signal)).toBe(1)
      expect(await own('select no from core.restored_rows')).toEqual([])
      expect((await list())[1]?.restoration).toBeNull()
    })

    it('are removed for good with their file', async () => {
      const [archive] = await list()
      const id = archive?.id ?? ''
      const files = () => objects.list('demo', { prefix: 'archives/', after: null, limit: 10 })
      expect((await files()).length).toBe(2)
      expect((await world.as('DELETE', fill(cloudPaths.archive, { id }))).status).toBe(200)
      expect((await files()).map(({ key }) => key)).toEqual([`archives/${over}.parquet`])
      expect((await list()).length).toBe(1)
    })

    it('that are cold keep their primary key only, and pages still find their rows', async () => {
      expect(await indexesOf('core.judgment_executions_y2026m06')).toBe(1)
      expect(await indexesOf('core.judgment_executions_y2026m11')).toBeGreaterThan(2)
      expect(await indexesOf('core.reading_segments_y2026m11')).toBe(2)
      const all: string[] = []
      for (let cursor = ''; ;) {
        const answer = await world.as('GET', `${cloudPaths.judgmentRecent}?limit=10${cursor}`)
        all.push(...answer.body.data.map((row: Loose) => row.executed_at))
        if (answer.body.meta.next_cursor === undefined) break
        cursor = `&cursor=${answer.body.meta.next_cursor}`
      }
      expect(all.length).toBe(31)
      expect(all).toEqual(all.toSorted().toReversed())
      const filtered = await world.as(
        'GET',
        `${cloudPaths.judgmentRecent}?line=LINE-B&to=${new Date(coldMs + dayMs).toISOString()}`,
      )
      expect(filtered.body.data.length).toBe(10)
    })

    it('are no longer there for a judgment that comes so late: it is kept in the default partition', async () => {
      const late = judgmentRecord(overMs + 500)
      await edge.sendRecords([late])
      const { id } = late.body as { id: string }
      expect(
        await own('select tableoid::regclass::text as name from core.judgment_executions where execution_id = $1', [
          id,
        ]),
      ).toEqual([{ name: 'core.judgment_executions_default' }])
    })
  })

  describe('partitions of other lengths', () => {
    let world: World
    let database: Database
    beforeAll(async () => {
      world = await World.open(await newStore())
      database = new Database(world.store.backend, { clock: world.clock })
      await database.asOwner('create schema of_test')
    })
    afterAll(() => world.close())

    const make = async (table: string, withDefault: boolean) => {
      await database.asOwner(
        `create table of_test.${table} (tenant_id text not null, id integer, at timestamptz not null, primary key (id, at)) partition by range (at)`,
      )
      await database.asOwner(`grant usage on schema of_test to jidoka_app`)
      if (!withDefault) return
      await database.asOwner(`create table of_test.${table}_default partition of of_test.${table} default`)
      await database.asOwner(`create index on of_test.${table}_default (tenant_id, at)`)
    }
    const keep = (table: string, signal?: AbortSignal) => {
      const tables = { [`of_test.${table}`]: { by: 'quarter', monthsKept: 36, daysHot: 90 } } as const
      return keepPartitions(
        {
          database,
          clock: world.clock,
          log,
          partitions: new Partitions(database, world.clock, table === 'whole' ? {} : tables),
          archivist: { archive: () => Promise.resolve() },
          tables,
        },
        signal,
      )
    }
    const partitionsOf = async (table: string) =>
      (
        await database.asOwner<{ name: string }>(
          `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'of_test.${table}'::regclass order by 1`,
        )
      ).map(({ name }) => name)

    it('of quarters are made ahead, named by them, cooled, and dropped past their time, two in a run', async () => {
      await make('daily', true)
      for (const [from, to, suffix] of [
        ['2022-10-01', '2023-01-01', '_y2022q4'],
        ['2023-01-01', '2023-04-01', '_y2023q1'],
        ['2023-04-01', '2023-07-01', '_y2023q2'],
        ['2023-07-01', '2023-10-01', '_y2023q3'],
        ['2023-10-01', '2024-01-01', '_y2023q4'],
      ])
        await database.asOwner('select jidoka.make_partition($1::regclass, $2::date, $3::date, $4)', [
          'of_test.daily',
          from,
          to,
          suffix,
        ])
      await database.asOwner(`insert into of_test.daily values ('demo', 1, '2022-11-01'), ('demo', 2, '2023-12-31')`)
      expect(await keep('daily')).toEqual({ cooled: 3, detached: 2, dropped: 2, failed: 0 })
      expect(await keep('daily')).toEqual({ cooled: 0, detached: 2, dropped: 2, failed: 0 })
      expect(await keep('daily')).toEqual({ cooled: 0, detached: 0, dropped: 0, failed: 0 })
      expect(await partitionsOf('daily')).toEqual(['daily_default', 'daily_y2023q4', 'daily_y2026q4', 'daily_y2027q1'])
      expect(await database.asOwner('select id from of_test.daily')).toEqual([{ id: 2 }])
    })

    it('of a table without a default are detached while others read it', async () => {
      await make('whole', false)
      await database.asOwner(
        `create table of_test.whole_y2020q1 partition of of_test.whole for values from ('2020-01-01Z') to ('2020-04-01Z')`,
      )
      expect(await keep('whole')).toMatchObject({ detached: 1, dropped: 1, failed: 0 })
      expect(await partitionsOf('whole')).toEqual([])
    })

    it('are left alone when the run is told to stop', async () => {
      await database.asOwner(
        `create table of_test.whole_y2020q2 partition of of_test.whole for values from ('2020-04-01Z') to ('2020-07-01Z')`,
      )
      expect(await keep('whole', AbortSignal.abort())).toMatchObject({ detached: 0, dropped: 0, failed: 0 })
      expect(await partitionsOf('whole')).toEqual(['whole_y2020q2'])
    })
  })
}

/** A process that dies behind so many calls: from then on nothing that it asks for is done. */
class Life {
  #left: number
  constructor(calls: number) {
    this.#left = calls
  }
  get isOver(): boolean {
    return this.#left < 0
  }
  spend(): void {
    if (this.#left-- <= 0) throw new Error('killed')
  }
}

/** Each call of the database or the object store takes a piece of a life. */
function mortal<Thing extends Database | ObjectsPort>(thing: Thing, life: Life): Thing {
  const counted = new Set(['asOwner', 'asOwnerOfEach', 'asDirectory', 'withTenant', 'put', 'open'])
  const proxy: Thing = new Proxy(thing, {
    get(target, name) {
      if (name === 'each') return () => [proxy]
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        if (counted.has(String(name))) {
          try {
            life.spend()
          } catch (error) {
            return Promise.reject(error)
          }
        }
        return Reflect.apply(member, target, given) as unknown
      }
    },
  })
  return proxy
}
