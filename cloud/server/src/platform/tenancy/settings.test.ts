import { describe, expect, it } from 'vitest'
import { hasOthers, otherDatabases, tenancySettingsSchema } from './settings.ts'

const problems = (settings: object): string[] =>
  tenancySettingsSchema.safeParse(settings).error?.issues.map(({ message }) => message) ?? []

describe('settings of the databases of tenants', () => {
  it('are a list of names and addresses, with the one past a pgBouncer behind a comma', () => {
    const settings = tenancySettingsSchema.parse({
      shards: 'east=postgres://u:p=1@east/jidoka\n  west=postgresql://west/jidoka,postgresql://west:5432/jidoka',
      own: 'acme=postgres://acme/jidoka',
    })
    expect(otherDatabases(settings)).toEqual([
      { name: 'east', database_url: 'postgres://u:p=1@east/jidoka', database_direct_url: undefined },
      { name: 'west', database_url: 'postgresql://west/jidoka', database_direct_url: 'postgresql://west:5432/jidoka' },
      { name: 'acme', database_url: 'postgres://acme/jidoka', database_direct_url: undefined },
    ])
    expect([hasOthers(settings), hasOthers(tenancySettingsSchema.parse({}))]).toEqual([true, false])
  })

  it('are refused where a name is missing, taken or the main one, or an address is of something else', () => {
    expect(problems({ shards: 'postgres://east/jidoka' })).not.toEqual([])
    expect(problems({ shards: 'main=postgres://east/jidoka' })).toEqual([expect.stringContaining('DATABASE_URL')])
    expect(problems({ shards: 'a=postgres://a/x', own: 'a=postgres://b/x' })).toEqual([
      expect.stringContaining('shard already'),
    ])
    expect(problems({ own: 'a=mysql://a/x' })).toEqual([expect.stringContaining('postgres://')])
  })
})
