import { createLog, ManualClock } from '@jidoka/base'
import { describe, expect, it } from 'vitest'
import { Metrics } from '../metrics.ts'
import { createApp } from './app.ts'
import { encodingOf } from './compression.ts'

describe('an encoding', () => {
  it.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['GZIP;q=0.8, br;q=0.5', 'gzip'],
    ['*', 'br'],
    ['br;q=0, *;q=0.1', 'gzip'],
    ['identity', null],
    ['*;q=0', null],
    ['gzip;q=nonsense', null],
    ['', null],
  ])('for "%s" is %s', (accepted, encoding) => expect(encodingOf(accepted)).toBe(encoding))
})

it('leaves events as they are, each to arrive when it happens, tokens too, and compresses text that is streamed', async () => {
  const app = createApp({
    log: createLog('test', { level: 'silent' }),
    metrics: new Metrics(),
    clock: new ManualClock(),
    https: false,
  })
  const body = () => new Blob(['x'.repeat(5_000)]).stream()
  app.get('/api/v1/events', (c) => c.body(body(), 200, { 'content-type': 'text/event-stream' }))
  app.get('/api/v1/lines', (c) => c.body(body(), 200, { 'content-type': 'application/x-ndjson' }))
  app.get('/api/v1/file', (c) => c.body(body(), 200, { 'content-type': 'application/octet-stream' }))
  const encodings: (string | null)[] = []
  // As the gateway hands on what another process has answered.
  app.post('/api/v1/auth/login', (c) => c.body(body(), 200, { 'content-type': 'application/json' }))
  const token = await app.request('/api/v1/auth/login', { method: 'POST', headers: { 'accept-encoding': 'gzip, br' } })
  expect(token.headers.get('content-encoding')).toBeNull()
  for (const path of ['events', 'lines', 'file']) {
    const response = await app.request(`/api/v1/${path}`, { headers: { 'accept-encoding': 'gzip, br' } })
    encodings.push(response.headers.get('content-encoding'))
    await response.arrayBuffer()
  }
  expect(encodings).toEqual([null, 'gzip', null])
})
