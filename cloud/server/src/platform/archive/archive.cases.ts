import { cloudPaths, fill } from '@jidoka/contract'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgmentRecord } from '../../testing/world.ts'
import type { Loose } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import type { Places } from '../db/places.ts'
import type { ObjectsPort } from '../objects/port.ts'
import { partitionsIn } from '../partitions/catalogue.ts'
import { archiveRestoreCases } from './archive-restore.cases.ts'
import { ArchiveService } from './archive-service.ts'
import { coldMs, openArchiveWorld, over, overMs, overReadingsMs } from './archive-world.ts'
import type { ArchiveWorld } from './archive-world.ts'
import { Life, mortal } from './mortal.ts'
import { parquetOf, rowsOfParquet } from './parquet.ts'
import { demandArchives } from './repository.ts'
import { archivedTables } from './tables.ts'

/*
 * Goal: a month whose time is over is dropped when, and only when, every tenant that asked for it has a file with all of its rows and of nobody else's.
 * Invariant: at any instant the rows of such a tenant are in the partition, or in an archive that was read back; wherever the program dies, the next run ends
 * with the same. Modelled: the death, as a database or an object store that answers nothing from some call on. Really run: both databases, the files.
 */

const dayMs = 24 * 3_600_000

export function archiveCases(newStore: NewStore): void {
  describe('months whose time is over', () => {
    let at: ArchiveWorld
    beforeAll(async () => {
      at = await openArchiveWorld(newStore)
    })
    afterAll(() => at.close())
    const opened = () => at

    it('are asked for by an administrator, for the tables that have an archive', async () => {
      const { world, other } = opened()
      const tables = ['core.judgment_executions', 'core.reading_segments']
      expect((await world.as('PUT', cloudPaths.archiveSettings, { tables })).status).toBe(200)
      expect((await world.as('GET', cloudPaths.archiveSettings)).body.data).toEqual({ tables })
      expect((await other.as('GET', cloudPaths.archiveSettings, undefined, 'admin@other')).body.data).toEqual({
        tables: [],
      })
      expect((await world.as('PUT', cloudPaths.archiveSettings, { tables: ['core.users'] })).status).toBe(400)
    })

    it('stay while what was written is not what the database holds', async () => {
      const { objects, own, tablesThere, keep, notes, list } = opened()
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
      expect(notes.count).toBe(0)
    })

    it('stay while their tenant has no room for an archive, which is said and tried again', async () => {
      const { own, tablesThere, keep, list } = opened()
      await own(`update core.tenants set object_bytes_max = 100 where id = 'demo'`)
      const report = await keep()
      expect(report).toMatchObject({ dropped: 0, failed: 2 })
      expect(report.firstFailed).toMatch(/^\w+\.\w+_y\d{4}m10$/)
      expect(report.why).toMatch(/^It does not fit: with it there would be \d+ of 100 bytes/)
      expect(await tablesThere()).toContain(`jidoka.${over}`)
      expect(await list()).toEqual([])
      await own(`update core.tenants set object_bytes_max = null`)
    })

    it('stay while this process believes that a tenant that keeps them is in another database', async () => {
      const { world, tablesThere, keep } = opened()
      const here = { name: 'main', backend: world.store.backend }
      const elsewhere = { name: 'second', backend: null }
      const places: Places = {
        all: [here],
        of: (tenantId) => ({ place: tenantId === 'demo' ? elsewhere : here, version: 1 }),
        learn: () => false,
        missed: () => undefined,
      }
      const stale = new Database(world.store.backend, { clock: world.clock, places })
      expect(await keep({ database: stale })).toMatchObject({ dropped: 0, failed: 2 })
      expect(await tablesThere()).toContain(`jidoka.${over}`)
    })

    it('are not waited for by a tenant that has moved away, and left its rows behind', async () => {
      const { database, own } = opened()
      const [partition] = (await partitionsIn(database, 'core.judgment_executions', { by: 'month' })).filter(
        ({ shortName }) => shortName === over,
      )
      if (partition === undefined) throw new Error('there is no such partition')
      const demanded = () => demandArchives(database, { ...partition, table: 'core.judgment_executions' })
      await expect(demanded()).rejects.toThrow(`the tenant demo keeps its rows of ${over}`)
      await own(`insert into jidoka.tenant_fences (tenant, version, went_to) values ('demo', 1, 'second')`)
      await expect(demanded()).resolves.toBeUndefined()
      await own(`delete from jidoka.tenant_fences`)
    })

    it('I6: show each tenant its own rows alone while they wait', async () => {
      const { database } = opened()
      const seen = (tenant: string) =>
        database.withTenant(tenant, (tx) => tx.query(`select tenant_id from jidoka.${over}`))
      expect((await seen('other')).length).toBe(3)
      expect((await seen('demo')).length).toBe(40)
    })

    it(
      'wherever the program dies: each is archived once, whole, and gone at the end',
      { timeout: 60_000 },
      async () => {
        const { database, objects, tablesThere, keep, list } = opened()
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
      const { world, edge, list } = opened()
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
      const { other, list } = opened()
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

    archiveRestoreCases(opened)

    it('keep their file when their removal could not be noted', async () => {
      const { world, database, objects, auditOf, list } = opened()
      const [archive] = await list()
      const service = new ArchiveService({
        database,
        objects,
        audit: { ...auditOf(), append: () => Promise.reject(new Error('the log is full')) },
        clock: world.clock,
        startRestore: () => Promise.resolve(),
        restoresUnderWay: () => Promise.resolve(new Set<string>()),
        startTakeAway: () => Promise.resolve(),
      })
      await expect(service.remove('demo', archive?.id ?? '', 'admin')).rejects.toThrow('the log is full')
      expect((await objects.list('demo', { prefix: 'archives/', after: null, limit: 10 })).length).toBe(2)
      expect((await list()).length).toBe(2)
    })

    it('are removed for good with their file', async () => {
      const { world, objects, list } = opened()
      const [archive] = await list()
      const id = archive?.id ?? ''
      const files = () => objects.list('demo', { prefix: 'archives/', after: null, limit: 10 })
      expect((await files()).length).toBe(2)
      expect((await world.as('DELETE', fill(cloudPaths.archive, { id }))).status).toBe(200)
      expect((await files()).map(({ key }) => key)).toEqual([`archives/${over}.parquet`])
      expect((await list()).length).toBe(1)
    })

    it('that are not yet over keep the indexes of the newest, and pages find their rows', async () => {
      const { world, indexesOf } = opened()
      expect(await indexesOf('core.judgment_executions_y2026m11')).toBe(7)
      expect(await indexesOf('core.judgment_executions_y2026m06')).toBe(7)
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

    it(
      'are no longer there for what comes so late: wherever the program dies, it is archived once for who asks for it, and gone for the others',
      { timeout: 60_000 },
      async () => {
        const { world, other, edge, theirs, database, objects, own, tablesThere, keep, list } = opened()
        const tables = ['core.judgment_executions', 'core.reading_segments']
        await world.as('PUT', cloudPaths.archiveSettings, { tables })
        const before = (await list()).length
        await edge.sendRecords([judgmentRecord(overMs + 500), judgmentRecord(Date.UTC(1999, 4, 5))])
        await edge.sendReadings([{ tagNo: 1, timeMs: overReadingsMs + 500, value: 7 }])
        await theirs.sendRecords([judgmentRecord(overMs + 500, { line: 'THEIRS' })])
        const inDefault = async () =>
          (await own('select count(*)::int as n from core.judgment_executions_default'))[0]?.n as number
        expect(await inDefault()).toBe(3)
        let isDone = false
        let calls = 0
        for (; !isDone; calls++) {
          expect(calls).toBeLessThan(200)
          const life = new Life(calls)
          const report = await keep({ database: mortal(database, life), objects: mortal(objects, life) }).catch(
            () => null,
          )
          isDone = report !== null && report.failed === 0 && !life.isOver
          const kept = (await list()).filter(({ partition }) => partition.startsWith('judgment_executions_late_'))
          const waiting = await own(
            `select relname from pg_class where relname ~ '^judgment_executions_late_\\d+_[0-9a-f]+$'`,
          )
          expect([calls, kept.length === 1 || waiting.length === 1 || (await inDefault()) === 3]).toEqual([calls, true])
          expect(kept.length).toBeLessThan(2)
        }
        expect(calls).toBeGreaterThan(15)
        const late = (await list()).filter(({ partition }) => partition.includes('_late_'))
        expect(late.map(({ table, rows, from, to }) => [table, rows, from, to])).toEqual([
          ['core.reading_segments', 1, '2025-10-01T00:00:00.000Z', '2025-11-01T00:00:00.000Z'],
          ['core.judgment_executions', 2, '1999-05-01T00:00:00.000Z', '2024-11-01T00:00:00.000Z'],
        ])
        expect((await list()).length).toBe(before + 2)
        expect((await tablesThere()).filter((name) => name.startsWith('jidoka.'))).toEqual([])
        expect(await inDefault()).toBe(0)
        expect((await other.as('GET', cloudPaths.archives, undefined, 'admin@other')).body.data).toEqual([])
        // A second time, on the same day, is another archive.
        await edge.sendRecords([judgmentRecord(overMs + 600)])
        expect(await keep()).toMatchObject({ late: 1, failed: 0 })
        expect((await list()).length).toBe(before + 3)
      },
    )
  })
}
