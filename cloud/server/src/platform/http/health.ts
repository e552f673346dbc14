import type { Metrics } from '../metrics.ts'
import type { App } from './app.ts'

/** Whether this program can serve. `stopping` goes first, so that a load balancer sends nothing more while requests drain. */
export interface Readiness {
  stopping: boolean
  /** Rejects when the database does not answer. */
  checkDatabase(): Promise<void>
  /** How the service stands that serves desired state, where there is one. Edges keep what they have: without it the program is ready all the same. */
  electric: (() => Promise<'ok' | 'starting' | 'down'>) | null
  /** How the replica of the database stands, where there is one. Without it the primary is read. */
  replica: (() => Promise<'ok' | 'behind' | 'down'>) | null
  /** How Redis stands, where there is one. Everything goes on without it. */
  redis: (() => 'ok' | 'down') | null
  /** How the bucket or the folder for files stands. What needs no file goes on without it. */
  objects: () => 'ok' | 'down'
  /** Whether a tenant's audit log was found changed. Nothing is better for not being served: the program is ready all the same. */
  audit: () => 'ok' | 'changed'
  /** Modules of other processes that do not answer. This one answers for its own: it is ready all the same, or one that is down would take all down. */
  modulesDown: () => readonly string[]
  /** Extensions of the database that lack: what needs them does not work, and everything else does. */
  extensionsLacking: () => readonly string[]
}

/** A load balancer asks every 5 s and waits little: what takes longer than this is not ready. */
const checkMsMax = 3_000

export function addHealthRoutes(app: App, readiness: Readiness, metrics: Metrics): void {
  // The second for those who can reach nothing but the public paths of the gateway.
  for (const path of ['/health', '/api/v1/health']) app.get(path, (c) => c.json({ status: 'ok' }))
  app.get('/ready', async (c) => {
    if (readiness.stopping) return c.json({ status: 'stopping', database: 'unknown' }, 503)
    const timeout = Promise.withResolvers<'slow'>()
    const timer = setTimeout(() => timeout.resolve('slow'), checkMsMax)
    const database = await Promise.race([
      readiness.checkDatabase().then(
        () => 'ok' as const,
        () => 'down' as const,
      ),
      timeout.promise,
    ])
    clearTimeout(timer)
    const electric = readiness.electric === null ? {} : { electric: await readiness.electric() }
    const replica = readiness.replica === null ? {} : { replica: await readiness.replica() }
    const redis = readiness.redis === null ? {} : { redis: readiness.redis() }
    const objects = readiness.objects() === 'down' ? { objects: 'down' } : {}
    const audit = readiness.audit() === 'changed' ? { audit: 'changed' } : {}
    const down = readiness.modulesDown()
    const modules = down.length === 0 ? {} : { modules_down: down }
    const lacking = database === 'ok' ? readiness.extensionsLacking() : []
    const extensions = lacking.length === 0 ? {} : { extensions_lacking: lacking }
    return database === 'ok'
      ? c.json({
          status: 'ok',
          database,
          ...replica,
          ...electric,
          ...redis,
          ...objects,
          ...audit,
          ...modules,
          ...extensions,
        })
      : c.json(
          { status: 'waiting', database, ...replica, ...electric, ...redis, ...objects, ...audit, ...modules },
          503,
        )
  })
  app.get('/metrics', async (c) =>
    c.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
  )
}
