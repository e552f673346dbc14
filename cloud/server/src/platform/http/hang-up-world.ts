import { request } from 'node:http'
import type { ClientRequest, OutgoingHttpHeaders } from 'node:http'
import { createLog, systemClock } from '@jidoka/base'
import type { TestStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import type { Transaction } from '../db/database.ts'
import { Metrics } from '../metrics.ts'
import { createApp } from './app.ts'
import { HttpServer } from './server.ts'

export type HangUpWorld = Awaited<ReturnType<typeof openHangUpWorld>>

/** A route of people that does `work`, over a real socket and a real database; callers that hang up. */
export async function openHangUpWorld(store: TestStore) {
  const database = new Database(store.backend, { clock: systemClock })
  await database.withTenant('demo', (tx) => tx.run(`insert into core.tenants (id, name) values ('demo', 'Demo')`))
  const metrics = new Metrics()
  const app = createApp({ log: createLog('test', { level: 'silent' }), metrics, clock: systemClock, https: false })
  let work: (hungUp: Promise<void>) => Promise<void>
  let ended: PromiseWithResolvers<string>
  app.post('/api/v1/work', async (c) => {
    const hungUp = Promise.withResolvers<void>()
    // Behind those who do something about it.
    c.env.outgoing?.once('close', hungUp.resolve)
    try {
      await work(hungUp.promise)
      ended.resolve('done')
    } catch (error) {
      ended.resolve(error instanceof Error ? error.name : 'unknown')
      throw error
    }
    return c.json({})
  })
  const server = new HttpServer(app, { host: '127.0.0.1', port: 0 })
  await server.start()
  return {
    database,
    pool: store.backend.pool,
    /** Sends what `next` is done for, which is told when its caller is gone. */
    ask: (next: (hungUp: Promise<void>) => Promise<void>, headers: OutgoingHttpHeaders = {}): ClientRequest => {
      work = next
      ended = Promise.withResolvers()
      const asked = request(`${server.url}/api/v1/work`, { method: 'POST', headers })
      asked.on('error', () => undefined)
      asked.end()
      return asked
    },
    /** How the work ended: "done", or the name of its error. */
    ended: () => ended.promise,
    insert: (tx: Transaction, code: string) =>
      tx.run(`insert into fleet.sites (tenant_id, code, name, time_zone) values ('demo', $1, '{}', 'Asia/Seoul')`, [
        code,
      ]),
    codes: () =>
      database.withTenant('demo', async (tx) =>
        (await tx.query<{ code: string }>('select code from fleet.sites order by code')).map(({ code }) => code),
      ),
    answeredWith: async (status: number) =>
      (await metrics.registry.metrics()).includes(
        `jidoka_http_requests_total{method="POST",route="/api/v1/work",status="${status}"}`,
      ),
    close: async () => {
      await server.stop()
      await store.close()
    },
  }
}
