import { systemClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { Database } from './database.ts'
import { exposures } from './row-security-catalogue.ts'
import { fillWorld } from './row-security-world.ts'

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
      ;({ edge, command } = await fillWorld(world))
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

    it('I6: nothing else in the database shows rows of tenants past row-level security', async () => {
      expect(await exposures(database)).toEqual([])
    })

    const mistakes: [name: string, make: string, unmake: string, said: string][] = [
      [
        'a view with the rights of its owner',
        'create view core.open_view as select * from core.users',
        'drop view core.open_view',
        'view core.open_view',
      ],
      [
        'a materialised view',
        'create materialized view core.copied as select 1 as one',
        'drop materialized view core.copied',
        'materialised view core.copied',
      ],
      [
        'a function with the rights of its owner',
        `create function core.as_owner() returns integer language sql security definer return 1`,
        'drop function core.as_owner()',
        'function core.as_owner',
      ],
      [
        'a partition without policies',
        `create table core.reading_segments_odd partition of core.reading_segments for values from ('2001-01-01') to ('2001-02-01')`,
        'drop table core.reading_segments_odd',
        'table core.reading_segments_odd',
      ],
      [
        'a right for everybody',
        'grant select on core.users to public',
        'revoke select on core.users from public',
        'PUBLIC may SELECT core.users',
      ],
      [
        'a right to empty a table, which no policy is asked about',
        'grant truncate on core.secrets to jidoka_app',
        'revoke truncate on core.secrets from jidoka_app',
        'jidoka_app may TRUNCATE core.secrets',
      ],
      [
        'a whole table for the directory',
        'grant select on core.secrets to jidoka_directory',
        'revoke select on core.secrets from jidoka_directory',
        'jidoka_directory may SELECT core.secrets',
      ],
      [
        'a column that is new to the directory',
        'grant select (disabled) on core.users to jidoka_directory',
        'revoke select (disabled) on core.users from jidoka_directory',
        'jidoka_directory may SELECT core.users.disabled',
      ],
      [
        'a policy that lets all through',
        'create policy wide on core.secrets to jidoka_app using (true)',
        'drop policy wide on core.secrets',
        'policy wide of core.secrets',
      ],
    ]
    for (const [name, make, unmake, said] of mistakes)
      it(`I6: finds ${name}`, async () => {
        await world.store.backend.pool.query(make)
        const found = await exposures(database)
        await world.store.backend.pool.query(unmake)
        expect(found.join('; ')).toContain(said)
        expect(await exposures(database)).toEqual([])
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
      const read = (text: string) => database.asDirectory((directory) => directory.query<{ tenant_id: string }>(text))
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
