import { createLog, ManualClock } from '@jidoka/base'
import { describe, expect, it } from 'vitest'
import { Metrics } from '../metrics.ts'
import { createApp } from './app.ts'
import { DatabaseUnavailableError } from '../db/unavailable.ts'
import { ProblemError } from './problem.ts'

const open = () => {
  const lines: Record<string, unknown>[] = []
  const log = createLog('test', { destination: { write: (line) => void lines.push(JSON.parse(line)) } })
  const clock = new ManualClock()
  const app = createApp({ log, metrics: new Metrics(), clock, https: false })
  app.use('/api/*', async (c, next) => {
    c.set('caller', { tenantId: 'demo', login: 'kim', role: 'viewer', expiresAtS: 1 })
    await next()
  })
  return { app, clock, lines }
}

describe('what is written of requests', () => {
  it('is a line for each that was refused or slow, and none for those that were well', async () => {
    const { app, clock, lines } = open()
    app.get('/api/v1/well', (c) => c.json({}))
    app.get('/api/v1/slow/:id', (c) => {
      clock.advance(1_500)
      return c.json({})
    })
    app.get('/api/v1/refused', () => {
      throw new ProblemError('conflict', 'Mend it.')
    })
    app.get('/api/v1/often', () => {
      throw new ProblemError('too_many_requests', 'Wait.')
    })
    for (const path of ['well', 'slow/1', 'refused', 'often']) await app.request(`/api/v1/${path}`)
    expect(lines).toMatchObject([
      { level: 'info', action: 'GET /api/v1/slow/:id', userId: 'kim', duration: 1_500, success: true },
      { level: 'info', action: 'GET /api/v1/refused', userId: 'kim', status: 409, success: false },
    ])
  })

  it('I8: of an error of ours says who, how long and which route, and not the address, which may be a key', async () => {
    const { app, clock, lines } = open()
    app.get('/api/v1/links/:token', () => {
      clock.advance(20)
      throw new Error('the bucket is on fire')
    })
    await app.request('/api/v1/links/planted-token')
    expect(lines[0]).toMatchObject({
      level: 'error',
      action: 'GET /api/v1/links/:token',
      userId: 'kim',
      duration: 20,
      success: false,
    })
    expect(lines[0]?.['stack']).toContain('request-lines.test.ts')
    expect(JSON.stringify(lines)).not.toContain('planted-token')
  })

  it('is a sentence and no stack where a server is away: then it is of every request', async () => {
    const { app, lines } = open()
    app.get('/api/v1/away', () => {
      throw new DatabaseUnavailableError('the database is not available: connect ECONNREFUSED')
    })
    expect((await app.request('/api/v1/away')).status).toBe(503)
    expect(lines[0]).toMatchObject({ level: 'error', message: 'the database is not available: connect ECONNREFUSED' })
    expect(lines[0]).not.toHaveProperty('stack')
  })
})
