import { createLog, ManualClock } from '@jidoka/base'
import { syncPaths } from '@jidoka/sync-protocol'
import { describe, expect, it } from 'vitest'
import { Metrics } from '../metrics.ts'
import { currentRequest, outsideRequest } from '../request-scope.ts'
import { createApp } from './app.ts'
import { httpLimits } from './limits.ts'
import { timeLimitMsDefault, timeLimitMsOf, timeLimits } from './time-limit.ts'

const open = () => {
  const clock = new ManualClock()
  const app = createApp({ log: createLog('test', { level: 'silent' }), metrics: new Metrics(), clock, https: false })
  return { clock, app }
}

describe('time of a request', () => {
  it('ends with a problem, and tells those who work for it', async () => {
    const { clock, app } = open()
    const begun = Promise.withResolvers<ReturnType<typeof currentRequest>>()
    app.get('/api/v1/hangs', () => {
      begun.resolve(currentRequest())
      return new Promise(() => undefined)
    })
    const asked = app.request('/api/v1/hangs')
    const scope = await begun.promise
    clock.advance(timeLimitMsDefault - 1_000)
    expect([scope?.isOver, scope?.leftMs]).toEqual([false, 1_000])
    clock.advance(1_000)
    const response = await asked
    expect([response.status, response.headers.get('content-type')]).toEqual([504, 'application/problem+json'])
    expect(await response.json()).toMatchObject({ kind: 'timed_out', request_id: response.headers.get('x-request-id') })
    expect(() => scope?.check()).toThrow('had no time left')
    // What it had set going, such as a round of a relay, goes on.
    clock.advance(60_000)
    expect([scope?.isOver, scope?.leftMs]).toEqual([false, null])
  })

  it('is nothing to what goes on behind its answer', async () => {
    const { clock, app } = open()
    let scope: ReturnType<typeof currentRequest>
    let outside: unknown = 'not asked'
    app.get('/api/v1/quick', (c) => {
      scope = currentRequest()
      outside = outsideRequest(currentRequest)
      return c.json({})
    })
    await app.request('/api/v1/quick')
    clock.advance(10 * timeLimitMsDefault)
    expect([scope?.isOver, scope?.leftMs, outside]).toEqual([false, null, undefined])
  })

  it('does not end a stream whose head is sent', async () => {
    const { clock, app } = open()
    let push: (text: string) => void = () => undefined
    app.get('/api/v1/streams', (c) => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          push = (text) => {
            controller.enqueue(Buffer.from(text))
            controller.close()
          }
        },
      })
      return c.body(body, 200, { 'content-type': 'text/event-stream' })
    })
    const response = await app.request('/api/v1/streams')
    clock.advance(10 * timeLimitMsDefault)
    push('data: late\n\n')
    expect([response.status, await response.text()]).toEqual([200, 'data: late\n\n'])
  })

  it('is not cut by the server before it ends', () => {
    expect(httpLimits.requestMsMax).toBeGreaterThanOrEqual(Math.max(...timeLimits.map(([, limitMs]) => limitMs)))
  })

  it('is longer for appliances, whose lines are slow and who wait for changes', () => {
    expect([syncPaths.shape, syncPaths.batches, '/ready', '/api/v1/rules'].map(timeLimitMsOf)).toEqual([
      60_000,
      120_000,
      10_000,
      timeLimitMsDefault,
    ])
  })
})
