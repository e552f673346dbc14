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
      modules: ['identity', 'fleet', 'judgment', 'audit'],
    })
  })

  it('reads a list of modules from the environment', () => {
    expect(readConfig({ JIDOKA_CLOUD_MODULES: 'fleet, audit' }).modules).toEqual(['fleet', 'audit'])
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
})
