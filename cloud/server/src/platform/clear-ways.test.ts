import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../config.ts'
import { clearWays } from './clear-ways.ts'

const said = (environment: Record<string, string>) => clearWays(readConfig(environment)).join('\n')

describe('what would travel in clear', () => {
  it('is nothing where everything is on this machine, or encrypted', () => {
    expect(said({})).toBe('')
    expect(
      said({
        DATABASE_URL: 'postgres://me:word@db.example/jidoka?sslmode=verify-full',
        DATABASE_DIRECT_URL: 'postgres://me:word@localhost/jidoka',
        REDIS_URL: 'rediss://:word@redis.example',
        S3_ENDPOINT: 'https://objects.example',
        S3_ACCESS_KEY: 'a',
        S3_SECRET_KEY: 'b',
        ELECTRIC_URL: 'http://127.0.0.1:3000',
        JIDOKA_CLOUD_FLEET_URL: 'https://fleet.example',
        JIDOKA_CLOUD_HTTP_HOST: '0.0.0.0',
        JIDOKA_CLOUD_HTTPS: 'true',
      }),
    ).toBe('')
    expect(said({ DATABASE_URL: 'postgres://me@%2Fvar%2Frun%2Fpostgresql/jidoka' })).toBe('')
  })

  it.each([
    ['DATABASE_URL', { DATABASE_URL: 'postgres://me:secret-word@db.example/jidoka' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://me:secret-word@db.example/jidoka?sslmode=disable' }],
    ['sslmode=verify-full in place of no-verify', { DATABASE_URL: 'postgres://db.example/jidoka?sslmode=no-verify' }],
    [
      'JIDOKA_CLOUD_DATABASE_REPLICA_URL',
      {
        DATABASE_URL: 'postgres://localhost/a',
        JIDOKA_CLOUD_DATABASE_REPLICA_URL: 'postgres://me:secret-word@db.example/a',
      },
    ],
    [
      'JIDOKA_CLOUD_SHARDS ("east")',
      { DATABASE_URL: 'postgres://localhost/a', JIDOKA_CLOUD_SHARDS: 'east=postgres://me:secret-word@east.example/b' },
    ],
    ['REDIS_URL', { REDIS_URL: 'redis://:secret-word@redis.example' }],
    ['REDIS_URL', { REDIS_URL: 'redis://:secret-word@any', REDIS_SENTINELS: 'localhost:1,s2.example:1' }],
    ['S3_ENDPOINT', { S3_ENDPOINT: 'http://objects.example:9000', S3_ACCESS_KEY: 'a', S3_SECRET_KEY: 'secret-word' }],
    ['ELECTRIC_URL', { DATABASE_URL: 'postgres://localhost/a', ELECTRIC_URL: 'http://electric.example' }],
    ['JIDOKA_CLOUD_JUDGMENT_URL', { JIDOKA_CLOUD_JUDGMENT_URL: 'http://judgment.example:8010' }],
    ['JIDOKA_CLOUD_HTTPS=true', { JIDOKA_CLOUD_HTTP_HOST: '0.0.0.0' }],
  ])('is told with what to set, and without a password: %s', (word, environment) => {
    const sentences = said(environment)
    expect(sentences.split('\n')).toHaveLength(1)
    expect(sentences).toContain(word)
    expect(sentences).not.toContain('secret-word')
  })

  it('is judged of PostgreSQL as its driver does', () => {
    for (const [mode, isEncrypted, isVerified] of [
      ['', false, false],
      ['?sslmode=disable', false, false],
      ['?sslmode=no-verify', true, false],
      ['?sslmode=require', true, true],
      ['?sslmode=verify-full', true, true],
      ['?ssl=true', true, true],
      ['?sslmode=require&uselibpqcompat=true', true, false],
    ] as const) {
      const url = `postgres://db.example/jidoka${mode}`
      const { ssl } = new Client({ connectionString: url }) as unknown as { readonly ssl?: unknown }
      const isTls = Boolean(ssl)
      const verifies =
        isTls &&
        !(typeof ssl === 'object' && ssl !== null && 'rejectUnauthorized' in ssl && ssl.rejectUnauthorized === false)
      expect({ mode, isTls, verifies }).toEqual({ mode, isTls: isEncrypted, verifies: isVerified })
      expect({ mode, isSilent: said({ DATABASE_URL: url }) === '' }).toEqual({ mode, isSilent: isVerified })
    }
  })
})
