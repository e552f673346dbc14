import { ConfigError } from '@jidoka/base'
import { describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'

const mistakesOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
  }
  return []
}

describe('configuration', () => {
  it('is complete without any setting: PGlite, loopback, port 3000, all modules', () => {
    expect(readConfig({})).toMatchObject({
      http: { host: '127.0.0.1', port: 3000 },
      data: 'data/cloud',
      tenant: 'demo',
      modules: ['identity', 'fleet', 'judgment', 'audit', 'gateway'],
    })
  })

  it('takes several databases for tenants where the main one is a PostgreSQL that no Electric service follows', () => {
    const shards = { JIDOKA_CLOUD_SHARDS: 'east=postgres://east/jidoka' }
    const main = { DATABASE_URL: 'postgres://main/jidoka' }
    expect(readConfig({ ...shards, ...main }).tenancy.shards).toEqual({ east: { url: 'postgres://east/jidoka' } })
    expect(mistakesOf(shards)).toEqual([expect.stringContaining('there are other databases for tenants')])
    expect(mistakesOf({ ...shards, ...main, ELECTRIC_URL: 'http://electric:3000' })).toEqual([
      expect.stringContaining('an Electric service follows one database'),
    ])
  })

  it('takes a replica of a PostgreSQL alone', () => {
    const replica = { JIDOKA_CLOUD_DATABASE_REPLICA_URL: 'postgres://replica/jidoka' }
    const settings = readConfig({ ...replica, DATABASE_URL: 'postgres://main/jidoka' })
    expect(settings).toMatchObject({
      database_replica_url: 'postgres://replica/jidoka',
      database: { replica_lag_s: 5 },
    })
    expect(mistakesOf(replica)).toEqual([
      expect.stringContaining('there is no replica of the database in the data folder'),
    ])
  })

  it('reads a list of modules from the environment', () => {
    expect(readConfig({ JIDOKA_CLOUD_MODULES: 'fleet, audit' }).modules).toEqual(['fleet', 'audit'])
  })

  it.each([
    ['judgment', 8010],
    ['identity', 3002],
    ['fleet,judgment', 8030],
    ['judgment,gateway', 3000],
    ['identity,fleet,judgment,audit,gateway', 3000],
  ])('listens where integrators look for the modules %s: at %d, unless another port is set', (modules, port) => {
    expect(readConfig({ JIDOKA_CLOUD_MODULES: modules }).http.port).toBe(port)
    expect(readConfig({ JIDOKA_CLOUD_MODULES: modules, JIDOKA_CLOUD_HTTP_PORT: '0' }).http.port).toBe(0)
  })

  it('takes addresses of modules elsewhere, and none that could not work', () => {
    expect(readConfig({ JIDOKA_CLOUD_JUDGMENT_URL: 'http://judgment:8010' }).module_addresses).toEqual({
      judgment: 'http://judgment:8010',
    })
    for (const [address, sentence] of [
      ['judgment:8010', 'it is not an address'],
      ['http://', 'it is not an address'],
      ['http://me:word@judgment', 'leave it out'],
      ['http://judgment/api', 'it must end behind the port'],
    ] as const) {
      const mistakes = mistakesOf({ JIDOKA_CLOUD_JUDGMENT_URL: address })
      expect(mistakes).toEqual([expect.stringContaining('JIDOKA_CLOUD_JUDGMENT_URL')])
      expect(mistakes[0]).toContain(sentence)
      expect(mistakes[0]).not.toContain('word@')
    }
  })

  it('takes an Electric service beside a PostgreSQL server, also below a path, and none that could not work', () => {
    const DATABASE_URL = 'postgres://db'
    for (const ELECTRIC_URL of ['http://e:3000', 'https://e/below/a/path/', 'https://e/?source_id=1'])
      expect(readConfig({ DATABASE_URL, ELECTRIC_URL }).electric_url).toBe(ELECTRIC_URL)
    for (const [ELECTRIC_URL, sentence] of [
      ['e:3000', 'it must begin with http:// or https://'],
      ['http://', 'it is not an address'],
      ['http://me:word@e', 'Set ELECTRIC_SECRET'],
      ['http://e/#x', 'Leave out what follows'],
      ['http://e/v1/shape', 'it must end before /v1'],
    ] as const) {
      const mistakes = mistakesOf({ DATABASE_URL, ELECTRIC_URL })
      expect(mistakes).toEqual([expect.stringContaining('ELECTRIC_URL')])
      expect(mistakes[0]).toContain(sentence)
      expect(mistakes[0]).not.toContain('word@')
    }
    expect(mistakesOf({ ELECTRIC_URL: 'http://e:3000' })).toEqual([
      expect.stringContaining('Set DATABASE_URL to the PostgreSQL server that it follows'),
    ])
  })

  it('says every mistake in a sentence that names the setting', () => {
    const mistakes = mistakesOf({
      JIDOKA_CLOUD_HTTP_PORT: 'http',
      DATABASE_URL: 'mysql://x',
      JIDOKA_CLOUD_MODULES: 'weather',
      JIDOKA_CLOUD_ADMIN_PASSWORD: 'short',
    })
    expect(mistakes).toHaveLength(4)
    for (const name of ['JIDOKA_CLOUD_HTTP_PORT', 'DATABASE_URL', 'JIDOKA_CLOUD_ADMIN_PASSWORD'])
      expect(mistakes.join('\n')).toContain(name)
    // I8: not even a wrong secret is repeated.
    expect(mistakes.join('\n')).not.toContain('short')
  })

  it('takes Redis by address or by sentinels, and no address that could not work, without its password (I8)', () => {
    expect(readConfig({ REDIS_URL: 'rediss://me:word@r:6380/2' }).redis.url).toBe('rediss://me:word@r:6380/2')
    expect(
      readConfig({ REDIS_URL: 'redis://any', REDIS_SENTINELS: 'a:26379, b', REDIS_MASTER: 'plant' }).redis,
    ).toEqual({
      url: 'redis://any',
      sentinels: 'a:26379, b',
      master: 'plant',
    })
    for (const [environment, sentence] of [
      [{ REDIS_URL: 'http://secret-word@r' }, 'it is not an address'],
      [{ REDIS_URL: 'redis://:secret-word@r:x' }, 'is not a host with a port'],
      [{ REDIS_URL: 'redis://r', REDIS_SENTINELS: 'a b' }, 'is not a host with a port'],
      [{ REDIS_SENTINELS: 'a:1' }, 'Set REDIS_URL too'],
    ] as const) {
      const mistakes = mistakesOf(environment)
      expect(mistakes).toEqual([expect.stringContaining(sentence)])
      expect(mistakes.join()).toContain('REDIS_')
      expect(mistakes.join()).not.toContain('secret-word')
    }
  })

  it('takes other limits than those of the table', () => {
    expect(readConfig({ JIDOKA_CLOUD_RATE_USER: '5' }).rate_limits).toEqual({ api_user: 5 })
    expect(mistakesOf({ JIDOKA_CLOUD_RATE_TENANT: '0' })).toEqual([expect.stringContaining('JIDOKA_CLOUD_RATE_TENANT')])
  })
})
