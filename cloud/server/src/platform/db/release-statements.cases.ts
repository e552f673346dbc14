import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore, TestStore } from '../../testing/stores.ts'
import type { ReleaseStatement } from './release-statements.ts'
import { brokenStatements, previousRelease } from './release-statements.ts'

export function releaseStatementCases(newStore: NewStore): void {
  describe('the release before', () => {
    let store: TestStore
    beforeAll(async () => {
      store = await newStore()
    })
    afterAll(() => store.close())

    it('finds everything that it asks for on the newest schema', { timeout: 60_000 }, async () => {
      const { version, statements } = previousRelease()
      expect(statements.length).toBeGreaterThan(200)
      const broken = (await brokenStatements(store.backend.pool, statements)).map(
        ({ role, text, why }) =>
          `${version} asks as ${role}: ${text}\n  and would fail: ${why}. Expand first, and contract a release later (docs/guides/database.md; while ${version} is not released, record it anew).`,
      )
      expect(broken).toEqual([])
    })

    const app = (text: string): ReleaseStatement => ({ role: 'jidoka_app', text })
    const insert = app('insert into fleet.sites (tenant_id, code, name, time_zone) values ($1, $2, $3, $4)')
    const upsert = app(
      `insert into fleet.sites (tenant_id, code, name, time_zone) values ($1, $2, '{}', $3) on conflict (tenant_id, code) do nothing`,
    )
    const select = app('select code, time_zone from fleet.sites where tenant_id = $1')

    it.each([
      ['a column that is gone', 'alter table fleet.sites drop column time_zone', select, 'does not exist'],
      [
        'a column that has another name',
        'alter table fleet.sites rename column time_zone to zone',
        select,
        'does not exist',
      ],
      [
        'a column of another type',
        'alter table fleet.sites alter column time_zone type bytea using time_zone::bytea',
        app(`select lower(time_zone) from fleet.sites`),
        'lower(bytea) does not exist',
      ],
      ['a table that is gone', 'drop table fleet.sites cascade', select, 'does not exist'],
      ['a grant that is gone', 'revoke insert on fleet.sites from jidoka_app', insert, 'permission denied'],
      ['a key that is gone', 'alter table fleet.sites drop constraint sites_pkey cascade', upsert, 'ON CONFLICT'],
      [
        'a column that must be filled',
        'alter table fleet.sites add column floor int not null',
        insert,
        'the column "floor"',
      ],
    ] as const)('is told of %s', async (_, change, statement, why) => {
      expect(await brokenStatements(store.backend.pool, [statement])).toEqual([])
      expect(await brokenStatements(store.backend.pool, [statement], change)).toEqual([
        { ...statement, why: expect.stringContaining(why) },
      ])
      expect(await brokenStatements(store.backend.pool, [statement])).toEqual([])
    })
  })
}
