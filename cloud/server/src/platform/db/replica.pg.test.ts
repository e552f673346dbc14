import { createLog, ManualClock } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { Counter, Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { replicaServer } from '../../testing/replica-server.ts'
import type { ReplicaServer } from '../../testing/replica-server.ts'
import { postgresIsMissing, postgresServer } from '../../testing/stores.ts'
import type { PostgresServer, TestStore } from '../../testing/stores.ts'
import { World } from '../../testing/world.ts'
import type { Backend } from './backend.ts'
import { Database } from './database.ts'
import type { Reading } from './database.ts'
import { openPostgres } from './postgres.ts'
import { Replica, replicaLookMs } from './replica.ts'
import { defaultDatabaseSettings } from './settings.ts'

// A real primary and a real streaming replica. What must hold: nothing that a read shows is older than is said, nobody sees another tenant's rows there, and no
// request fails for the sake of a replica that is slow, gone, or not one.

const missing = postgresIsMissing()
const silent = createLog('test', { level: 'silent' })

describe.skipIf(missing !== null)(`a replica${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let server: PostgresServer
  let standby: ReplicaServer
  let store: TestStore
  let name: string
  let primaryPort: number
  /** As a user that is no superuser, as it should be. */
  let backend: Backend

  beforeAll(async () => {
    server = await postgresServer()
    store = await server.newStore()
    const { rows } = await store.backend.pool.query<{ name: string; port: number }>(
      'select current_database() as name, inet_server_port() as port',
    )
    name = rows[0]?.name ?? ''
    primaryPort = rows[0]?.port ?? 0
    await server.admin('create role plain login')
    await server.admin('grant jidoka_app to plain')
    await store.backend.pool.query('grant usage on schema jidoka to plain')
    standby = await replicaServer(`postgres://postgres@127.0.0.1:${primaryPort}/postgres`)
    backend = await openPostgres({ url: server.url(name, 'plain'), onBrokenConnection: () => undefined })
    for (const tenant of ['demo', 'other'])
      await store.backend.pool.query(`insert into core.tenants (id, name) values ('${tenant}', '${tenant}')`)
  }, 60_000)
  afterAll(async () => {
    await backend.close()
    await store.close()
    await standby.end()
    await server.end()
  })

  let clock: ManualClock
  let replica: Replica
  let database: Database
  let reads: Counter<'place'>
  const open = (settings: { url?: string; lagS?: number } = {}) => {
    const { url = standby.url(name, 'plain'), lagS = 5 } = settings
    const parts = { primary: backend.pool, clock, log: silent }
    replica = new Replica({ url, settings: { ...defaultDatabaseSettings, replica_lag_s: lagS }, ...parts })
    reads = new Counter({ name: 'reads', help: '-', labelNames: ['place'], registers: [new Registry()] })
    database = new Database(backend, { clock, replica, reads })
  }
  beforeEach(() => {
    clock = new ManualClock()
    open()
  })
  afterEach(() => replica.close())

  const reopen = async (settings: Parameters<typeof open>[0]) => {
    await replica.close()
    open(settings)
  }
  const portText = 'select inet_server_port() as port'
  const portOf = async (tx: Reading) => (await tx.query<{ port: number }>(portText))[0]?.port
  const readAt = () => database.reading('demo', portOf)
  const later = () => clock.advance(replicaLookMs)
  /** Where reads go once it was looked at again, as often as that takes. */
  const becomes = (port: number) =>
    vi.waitFor(async () => {
      later()
      await replica.state()
      expect(await readAt()).toBe(port)
    })
  const addSite = (code: string, tenantId = 'demo') =>
    database.withTenant(tenantId, (tx) =>
      tx.run(`insert into fleet.sites (tenant_id, code, name, time_zone) values ($1, $2, '{}', 'Asia/Seoul')`, [
        tenantId,
        code,
      ]),
    )
  const codes = (tenantId = 'demo') =>
    database.reading(tenantId, async (tx) =>
      (await tx.query<{ code: string }>('select code from fleet.sites order by code')).map(({ code }) => code),
    )

  it('is read for what may be some seconds old, and for nothing else', async () => {
    await addSite('A')
    await standby.caughtUp()
    expect(await readAt()).toBe(standby.port)
    expect(await codes()).toEqual(['A'])
    expect(await database.withTenant('demo', portOf)).toBe(primaryPort)
    expect((await reads.get()).values).toEqual([{ labels: { place: 'replica' }, value: 2 }])
  })

  it('I6: shows the rows of one tenant alone, as the primary does', async () => {
    await addSite('OTHER', 'other')
    await standby.caughtUp()
    expect(await database.reading('other', portOf)).toBe(standby.port)
    expect(await codes('other')).toEqual(['OTHER'])
    expect(await codes('demo')).not.toContain('OTHER')
  })

  it('and the primary in its place let nothing be written by what reads', async () => {
    const write = () => database.reading('demo', (tx) => tx.query('delete from fleet.sites'))
    await standby.caughtUp()
    expect(await readAt()).toBe(standby.port)
    await expect(write()).rejects.toThrow('read-only transaction')
    await reopen({ url: standby.url('nowhere', 'plain') })
    expect(await readAt()).toBe(primaryPort)
    await expect(write()).rejects.toThrow('read-only transaction')
  })

  it('is passed by while it lacks what was committed longer ago than the bound, and read again when it has caught up', async () => {
    await reopen({ lagS: 0.2 })
    await standby.caughtUp()
    expect(await readAt()).toBe(standby.port)
    await standby.ask('select pg_wal_replay_pause()')
    try {
      await addSite('LATE')
      await becomes(primaryPort)
      expect(await replica.state()).toBe('behind')
      expect(await codes()).toContain('LATE')
    } finally {
      await standby.ask('select pg_wal_replay_resume()')
    }
    await becomes(standby.port)
    expect(await codes()).toContain('LATE')
  })

  it('is read while what it lacks is younger than the bound', async () => {
    await reopen({ lagS: 3_600 })
    await addSite('BEFORE')
    await standby.caughtUp()
    await standby.ask('select pg_wal_replay_pause()')
    try {
      await addSite('YOUNG')
      later()
      expect(await readAt()).toBe(standby.port)
      expect(await codes()).not.toContain('YOUNG')
    } finally {
      await standby.ask('select pg_wal_replay_resume()')
    }
  })

  it('is passed by when its line is cut, though it has replayed all that it has received', async () => {
    await reopen({ lagS: 0.2 })
    await standby.caughtUp()
    const line = String((await standby.ask('show primary_conninfo'))?.['primary_conninfo'])
    await standby.ask(`alter system set primary_conninfo = ''`)
    await standby.ask('select pg_reload_conf()')
    try {
      await vi.waitFor(async () =>
        expect(await standby.ask('select count(*)::int as n from pg_stat_wal_receiver')).toEqual({ n: 0 }),
      )
      await addSite('UNHEARD')
      await becomes(primaryPort)
      expect(await replica.state()).toBe('behind')
    } finally {
      await standby.ask(`alter system set primary_conninfo = '${line.replaceAll(`'`, `''`)}'`)
      await standby.ask('select pg_reload_conf()')
    }
    await becomes(standby.port)
  })

  it('fails no read when it is gone, not even one that is under way, and is read again when it is back', async () => {
    await standby.caughtUp()
    expect(await readAt()).toBe(standby.port)
    const ports: unknown[] = []
    const underWay = database.reading('demo', async (tx) => {
      ports.push(await portOf(tx))
      if (ports.length === 1) await standby.kill()
      return portOf(tx)
    })
    try {
      expect(await underWay).toBe(primaryPort)
      expect(ports).toEqual([standby.port, primaryPort])
      expect(await Promise.all(Array.from({ length: 20 }, readAt))).toEqual(Array(20).fill(primaryPort))
      expect(await replica.state()).toBe('down')
      later()
      expect(await Promise.all(Array.from({ length: 20 }, readAt))).toEqual(Array(20).fill(primaryPort))
    } finally {
      await standby.start()
    }
    await becomes(standby.port)
  })

  it('is asked how it stands once a second at most, however many read', async () => {
    const asked = vi.spyOn(replica.pool, 'query')
    await Promise.all(Array.from({ length: 20 }, readAt))
    await readAt()
    expect(asked).toHaveBeenCalledTimes(1)
    later()
    await Promise.all(Array.from({ length: 20 }, readAt))
    expect(asked).toHaveBeenCalledTimes(2)
  })

  it.each([
    ['the primary itself', () => server.url(name, 'plain')],
    ['a replica of another database', () => standby.url('template_migrated', 'plain')],
  ])('is none where its address leads to %s', async (_, url) => {
    await standby.caughtUp()
    await reopen({ url: url() })
    const ofReplica = vi.spyOn(replica.pool, 'connect')
    expect(await replica.state()).toBe('down')
    ofReplica.mockClear()
    expect(await readAt()).toBe(primaryPort)
    expect(ofReplica).not.toHaveBeenCalled()
  })

  it('serves the audit log and its export, whole also while it is behind, and is named at /ready', async () => {
    const world = await World.open(store, {
      environment: {
        DATABASE_URL: 'postgres://of-the-test',
        JIDOKA_CLOUD_DATABASE_REPLICA_URL: standby.url(name, 'postgres'),
        JIDOKA_CLOUD_DB_REPLICA_LAG_S: '3600',
      },
    })
    const readsAt = async (place: string) => {
      const { body } = await world.request('GET', '/metrics')
      return Number(
        new RegExp(`^jidoka_db_long_reads_total\\{place="${place}"\\} (\\d+)$`, 'm').exec(body as string)?.[1],
      )
    }
    const exported = async () =>
      ((await world.as('GET', cloudPaths.auditExport)).body as string)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { kind: string; position: number; positions: number })
    const add = (count: number) =>
      store.backend.pool.query(
        `insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail)
         select 'demo', gen_random_uuid(), now(), 'kim', 'rule.save', 'x', '{}' from generate_series(1, ${count})`,
      )
    try {
      await add(1_200)
      await exported()
      await standby.caughtUp()
      expect((await world.request('GET', '/ready')).body).toMatchObject({ status: 'ok', replica: 'ok' })
      expect((await world.as('GET', cloudPaths.audit)).status).toBe(200)
      expect(await readsAt('replica')).toBeGreaterThan(0)
      const before = await readsAt('replica')
      await standby.ask('select pg_wal_replay_pause()')
      try {
        await add(700)
        const lines = await exported()
        expect(await readsAt('replica')).toBeGreaterThan(before)
        const positions = lines.flatMap(({ kind, position }) => (kind === 'link' ? [position] : []))
        expect(positions).toEqual(Array.from({ length: lines[0]?.positions ?? 0 }, (__, index) => index + 1))
        expect(positions.length).toBeGreaterThan(1_900)
        expect(lines.at(-1)?.kind).toBe('checkpoint')
      } finally {
        await standby.ask('select pg_wal_replay_resume()')
      }
    } finally {
      await world.cloud.stop()
    }
  })
})
