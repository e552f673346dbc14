import { createLog } from '@jidoka/base'
import { archiveSchema, cloudPaths } from '@jidoka/contract'
import type { NewStore } from '../../testing/stores.ts'
import { judgmentRecord, tagRecord, World } from '../../testing/world.ts'
import type { Loose } from '../../testing/world.ts'
import { Database } from '../db/database.ts'
import type { ObjectsPort } from '../objects/port.ts'
import { keepPartitions } from '../partitions/keep.ts'
import { Partitions } from '../partitions/partitions.ts'
import { PartitionArchivist } from './archivist.ts'

/** The world's clock says November 2026: judgments are kept since November 2024, readings since November 2025. */
export const overMs = Date.UTC(2024, 9, 31, 23, 59, 58)
export const overReadingsMs = Date.UTC(2025, 9, 30, 12)
export const coldMs = Date.UTC(2026, 5, 10)
/** The partition of `overMs`. */
export const over = 'judgment_executions_y2024m10'
const log = createLog('test', { level: 'silent' })

export type ArchiveWorld = Awaited<ReturnType<typeof openArchiveWorld>>

/** Two tenants with rows in a month whose time is over; one of them has rows in a cold month, and of now. */
export async function openArchiveWorld(newStore: NewStore) {
  const world = await World.open(await newStore())
  const other = await World.open(world.store, { clock: world.clock, tenant: 'other' })
  const edge = await world.newEdge()
  const theirs = await other.newEdge({ name: 'their shop', siteCode: 'THEIRS', login: 'admin@other' })
  const database = new Database(world.store.backend, { clock: world.clock })
  const objects = world.cloud.objects.port
  const own = async (text: string, values: unknown[] = []): Promise<Loose[]> =>
    (await world.store.backend.pool.query(text, values)).rows
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
    ...Array.from({ length: 30 }, (_, n) => judgmentRecord(coldMs + n, { line: n % 3 === 0 ? 'LINE-B' : 'LINE-A' })),
    judgmentRecord(world.clock.nowMs()),
  ])
  await edge.sendReadings([
    ...Array.from({ length: 30 }, (_, n) => ({ tagNo: 1, timeMs: overReadingsMs + n * 1_000, value: 90 + n / 8 })),
    ...Array.from({ length: 5 }, (_, n) => ({ tagNo: 1, timeMs: overReadingsMs + 60_000, value: n * 1e300 })),
    ...Array.from({ length: 4 }, (_, n) => ({ tagNo: 2, timeMs: overReadingsMs + n, value: n % 2 === 0 })),
    { tagNo: 3, timeMs: overReadingsMs, value: '가동', quality: 'uncertain' as const },
  ])
  await theirs.sendRecords(Array.from({ length: 3 }, (_, n) => judgmentRecord(overMs + n, { line: 'THEIRS' })))

  const tablesThere = async () =>
    (
      await own(
        `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and c.relname ~ '_(y\\d{4}|late_\\d{8})' order by 1`,
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
  const notes = { count: 0 }
  const auditOf = () => ({
    append: async () => void notes.count++,
    appendOfEdge: () => Promise.resolve(),
  })
  const list = async (login = 'admin') =>
    archiveSchema.array().parse((await world.as('GET', cloudPaths.archives, undefined, login)).body.data)

  const close = async () => {
    await other.cloud.stop()
    await world.close()
  }
  return {
    world,
    other,
    edge,
    theirs,
    database,
    objects,
    own,
    tablesThere,
    indexesOf,
    keep,
    notes,
    auditOf,
    list,
    close,
  }
}
