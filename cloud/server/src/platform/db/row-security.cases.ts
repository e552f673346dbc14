import { systemClock } from '@jidoka/base'
import { courierPieceBytes } from '@jidoka/contract'
import { generateCourierKey, laneStart, protocolVersion, syncPaths } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { alarmRecord, judgmentRecord, ruleOf, tagRecord, verdictRunRecord, World } from '../../testing/world.ts'
import { begin, exchangeKeys, upFile } from '../../testing/courier-files.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { Database } from './database.ts'

// I6: no row of one tenant is ever visible to another, enforced by the database and not only by the code. Two tenants with rows in every
// table; then the catalogue is walked, so that a table which somebody adds without protection fails here, and every table
// is read as the other tenant with the very role that the program uses.

export function rowSecurityCases(newStore: NewStore): void {
  describe('row-level security (I6)', () => {
    let world: World
    let other: World
    let edge: TestEdge
    let command: string
    let database: Database

    beforeAll(async () => {
      world = await World.open(await newStore())
      // A second tenant in the same database, with a sign-in of its own.
      other = await World.open(world.store, { clock: world.clock, tenant: 'other' })
      database = new Database(world.store.backend, { clock: systemClock })
      edge = await world.newEdge()
      const nowMs = world.clock.nowMs()
      await world.as('PUT', '/api/v1/secrets/mes-password', { purpose: 'mes', value: 'of nobody else' })
      await world.as('POST', '/api/v1/pii', { text: '홍길동 과장', subject: 'alarm/1' })
      await world.as('PUT', `/api/v1/rules/press-temperature`, { definition: ruleOf(), based_on_version: 0 })
      await world.as('POST', '/api/v1/rules/press-temperature/deploy', { edge_ids: [edge.id] })
      await edge.sendReadings([{ tagNo: 1, timeMs: nowMs, value: 92.5 }])
      await edge.sendRecords([
        tagRecord(nowMs, 1, 'LINE-A/PRESS-1/temperature'),
        judgmentRecord(nowMs),
        verdictRunRecord(nowMs),
        alarmRecord(nowMs),
        {
          at_ms: nowMs,
          kind: 'reported',
          body: {
            kind: 'rule',
            key: 'press-temperature',
            version: 1,
            state: 'applied',
            problem: null,
            rule_hash: null,
          },
        },
        {
          at_ms: nowMs,
          kind: 'event',
          body: {
            type: 'inspection',
            source: 'mes',
            source_key: '1',
            line: 'LINE-A',
            occurred_at_ms: nowMs,
            passed: true,
          },
        },
        { at_ms: nowMs, kind: 'outage', body: { from_ms: nowMs, to_ms: nowMs, cause: 'cable', rows_waiting: 3 } },
        { at_ms: nowMs, kind: 'drop', body: { lane: 'readings', from_seq: 5, to_seq: 6, reason: 'space' } },
        { at_ms: nowMs, kind: 'audit', body: { actor: 'kim', action: 'alarm.acknowledge', subject: 'x', detail: {} } },
      ])
      // One that is not whole: its first piece lies there.
      const cloudKey = await exchangeKeys(edge, generateCourierKey().publicKey)
      const half = upFile(edge, cloudKey, [edge.readingsBatch([{ tagNo: 1, timeMs: nowMs, value: 1 }])])
      await begin(world, Buffer.concat([half, Buffer.alloc(courierPieceBytes)]))
      // What a consumer leaves behind; the events themselves are those of the rule and of the judgments.
      await world.store.backend.pool.query(
        `with consumed as (insert into core.consumed_events select tenant_id, 'judgment.cache', id, created_at from core.outbox)
         insert into core.dead_events select tenant_id, id, 'judgment.cache', channel, subject, payload, trace, created_at, 1, 'x', created_at from core.outbox`,
      )
      command = crypto.randomUUID()
      await world.as('POST', `/api/v1/fleet/edges/${edge.id}/commands`, {
        id: command,
        what: { name: 'support_bundle' },
      })
      await edge.signed('PUT', `${syncPaths.bundles}/${command}`, Uint8Array.of(0x1f, 0x8b))
      await edge.signed(
        'POST',
        syncPaths.troubles,
        Buffer.from(
          JSON.stringify({
            protocol: protocolVersion,
            epoch: edge.epoch,
            lane: 'records',
            kind: 'ahead',
            seq: 1,
            held: laneStart,
          }),
        ),
      )
      edge.epoch = crypto.randomUUID()
      edge.nextSeq = { records: 1, readings: 1 }
      edge.waiting = { records: { rows: 0, oldest_ms: null }, readings: { rows: 7, oldest_ms: 1_000 } }
      await edge.sendReadings([{ tagNo: 1, timeMs: nowMs, value: 1 }])
      world.clock.advance(1_000)
      const told = () => world.store.backend.pool.query('select from fleet.edge_waiting')
      await vi.waitUntil(async () => (await told()).rows.length > 0, { timeout: 10_000, interval: 10 })
    })
    afterAll(async () => {
      await other.cloud.stop()
      await world.close()
    })

    const tenantTables = async () =>
      database.asOwner<{ name: string; partition: boolean; enabled: boolean; forced: boolean; policies: number }>(
        `select format('%I.%I', n.nspname, c.relname) as name, c.relispartition as partition, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
           (select count(*) from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant')::int as policies
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
           and (exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) or (n.nspname, c.relname) = ('core', 'tenants'))`,
      )

    it('I6: every table with a tenant_id, partitions included, has row-level security in force for its owner too, and a policy', async () => {
      const tables = await tenantTables()
      expect(tables.length).toBeGreaterThan(25)
      expect(tables.filter(({ partition }) => partition).length).toBeGreaterThan(4)
      expect(tables.filter((table) => !table.enabled || !table.forced || table.policies !== 1)).toEqual([])
    })

    it('I6: the walk finds a table that somebody forgot to protect', async () => {
      await database.asOwner('create table core.forgotten (tenant_id text)')
      const bad = (await tenantTables()).filter((table) => !table.enabled || !table.forced || table.policies !== 1)
      await database.asOwner('drop table core.forgotten')
      expect(bad.map(({ name }) => name)).toEqual(['core.forgotten'])
    })

    it('I6: neither role of the program passes row-level security or may sign in', async () => {
      const roles = await database.asOwner<{
        rolname: string
        rolsuper: boolean
        rolbypassrls: boolean
        rolcanlogin: boolean
      }>(
        `select rolname, rolsuper, rolbypassrls, rolcanlogin from pg_roles where rolname in ('jidoka_app', 'jidoka_directory') order by 1`,
      )
      expect(roles).toEqual([
        { rolname: 'jidoka_app', rolsuper: false, rolbypassrls: false, rolcanlogin: false },
        { rolname: 'jidoka_directory', rolsuper: false, rolbypassrls: false, rolcanlogin: false },
      ])
    })

    it("I6: as another tenant not one row of the first one's is seen in any table, nor in the view over its readings", async () => {
      const names = [
        ...(await tenantTables()).filter(({ partition }) => !partition).map(({ name }) => name),
        'core.sensor_events',
      ]
      const count = (tenant: string) =>
        database.withTenant(tenant, async (tx) => {
          const counts: Record<string, number> = {}
          for (const name of names) {
            const column = name === 'core.tenants' ? 'id' : 'tenant_id'
            counts[name] =
              (await tx.query<{ n: number }>(`select count(*)::int as n from ${name} where ${column} = 'demo'`))[0]
                ?.n ?? -1
          }
          return counts
        })
      const own = await count('demo')
      // Every table has a row to hide; otherwise nothing would be proven.
      expect(Object.entries(own).filter(([, n]) => n === 0)).toEqual([])
      expect(Object.entries(await count('other')).filter(([, n]) => n !== 0)).toEqual([])
      expect(Object.entries(await count('nobody')).filter(([, n]) => n !== 0)).toEqual([])
    })

    it('I6: a row cannot be written into another tenant, nor moved there', async () => {
      const write = (text: string, values: unknown[]) => database.withTenant('other', (tx) => tx.run(text, values))
      await expect(
        write(`insert into fleet.sites (tenant_id, code, name, time_zone) values ('demo', 'X', '{}', 'UTC')`, []),
      ).rejects.toThrow('row-level security')
      expect(await write('update fleet.edges set name = $1', ['mine'])).toBe(0)
      expect(await database.withTenant('demo', (tx) => tx.run('update fleet.sites set time_zone = time_zone'))).toBe(1)
      await expect(
        database.withTenant('demo', (tx) => tx.run(`update core.users set tenant_id = 'other'`)),
      ).rejects.toThrow(/row-level security|foreign key/)
    })

    it('I6: the tenant of a transaction does not outlive it', async () => {
      await database.withTenant('demo', (tx) => tx.query('select 1'))
      const [row] = await database.asOwner<{ tenant: string | null; role: string }>(
        `select nullif(current_setting('jidoka.tenant_id', true), '') as tenant, current_setting('role') as role`,
      )
      expect(row).toEqual({ tenant: null, role: 'none' })
    })

    it('I6: the directory role reads which tenant a login belongs to, and no password or name', async () => {
      const read = (text: string) => database.asDirectory((directory) => directory.query(text))
      expect(await read(`select tenant_id from core.users where login = 'admin'`)).toEqual([{ tenant_id: 'demo' }])
      await expect(read('select password_hash from core.users')).rejects.toThrow('permission denied')
      await expect(read('select * from core.judgment_executions')).rejects.toThrow('permission denied')
    })

    it("I6: every route answers another tenant's ids with nothing found", async () => {
      const login = 'admin@other'
      const [execution] = (await world.as('GET', '/api/v1/judgment/recent')).body.data
      expect((await other.as('GET', '/api/v1/judgment/recent', undefined, login)).body.data).toEqual([])
      expect((await other.as('GET', '/api/v1/fleet/edges', undefined, login)).body.data).toEqual([])
      expect((await other.as('GET', '/api/v1/fleet/lines', undefined, login)).body.data).toEqual([])
      expect((await other.as('GET', '/api/v1/rules', undefined, login)).body.data).toEqual([])
      expect((await other.as('GET', `/api/v1/judgment/recent?edge_id=${edge.id}`, undefined, login)).body.data).toEqual(
        [],
      )
      const attempts: [string, string, unknown?][] = [
        ['GET', `/api/v1/judgment/${execution.execution_id}`],
        ['DELETE', '/api/v1/secrets/mes-password'],
        ['GET', `/api/v1/fleet/edges/${edge.id}`],
        ['DELETE', `/api/v1/fleet/edges/${edge.id}`],
        ['GET', `/api/v1/fleet/edges/${edge.id}/outages`],
        ['POST', `/api/v1/fleet/edges/${edge.id}/troubles/settle`, { reason: 'x' }],
        ['GET', `/api/v1/fleet/edges/${edge.id}/commands`],
        ['POST', `/api/v1/fleet/edges/${edge.id}/commands`, { id: command, what: { name: 'support_bundle' } }],
        ['DELETE', `/api/v1/fleet/edges/${edge.id}/commands/${command}`],
        ['GET', `/api/v1/fleet/edges/${edge.id}/commands/${command}/bundle`],
        ['GET', '/api/v1/rules/press-temperature'],
        [
          'PUT',
          `/api/v1/fleet/edges/${edge.id}/desired/site/site`,
          { body: { name: { ko: 'x', en: 'x' }, time_zone: 'UTC' } },
        ],
        ['DELETE', `/api/v1/fleet/edges/${edge.id}/desired/rule/press-temperature`],
        ['POST', '/api/v1/rules/press-temperature/deploy', { edge_ids: [edge.id] }],
        ['POST', '/api/v1/judgment/execute', { workflow_id: 'press-temperature', input: { value: 1 } }],
      ]
      for (const [method, path, json] of attempts)
        expect([path, (await other.as(method, path, json, login)).status]).toEqual([path, 404])
      expect((await world.as('GET', `/api/v1/fleet/edges/${edge.id}`)).body.data.state).toBe('online')
    })
  })
}
