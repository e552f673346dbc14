import { ConfigError, loadConfig } from '@jidoka/base'
import { expect, test } from 'vitest'
import { edgeConfigNames, edgeConfigSchema } from './config.ts'

const load = (environment: Record<string, string>) =>
  loadConfig(edgeConfigSchema, { environment, names: edgeConfigNames })
function mistakes(environment: Record<string, string>): readonly string[] {
  try {
    load(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}

test('without any setting the appliance listens on this machine alone and knows no cloud', () => {
  expect(load({})).toMatchObject({
    http: { host: '127.0.0.1', port: 8080 },
    mqtt: { host: '127.0.0.1', port: 1883 },
    tenant_id: 'demo',
    cloud: {},
    mes: [],
  })
})

test('one MES comes from the environment, with the overlap that covers its longest transaction', () => {
  expect(
    load({ JIDOKA_MES_URL: 'postgres://mes@127.0.0.1:5433/postgres', JIDOKA_MES_POLL_INTERVAL_S: '1' }).mes,
  ).toEqual([
    { name: 'MES', url: 'postgres://mes@127.0.0.1:5433/postgres', poll_interval_s: 1, overlap_min: 10, history_h: 24 },
  ])
})

test('each mistake has a sentence with its name in the environment', () => {
  const found = mistakes({
    JIDOKA_HTTP_PORT: '80800',
    JIDOKA_MES_URL: 'mysql://x',
    JIDOKA_TIME_ZONE: 'Mars/Olympus',
    JIDOKA_ADMIN_PASSWORD: 'short',
    JIDOKA_CLOUD_URL: 'cloud',
  })
  for (const name of [
    'JIDOKA_HTTP_PORT',
    'JIDOKA_MES_URL',
    'JIDOKA_TIME_ZONE',
    'JIDOKA_ADMIN_PASSWORD',
    'JIDOKA_CLOUD_URL',
  ]) {
    expect(found.filter((sentence) => sentence.includes(name))).toHaveLength(1)
  }
  expect(found.join()).not.toContain('short.')
})
