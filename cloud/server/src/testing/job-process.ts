import { createLog, silentTracer, systemClock } from '@jidoka/base'
import { readConfig } from '../config.ts'
import { Database } from '../platform/db/database.ts'
import { openBackend } from '../platform/db/open.ts'
import { EventHub } from '../platform/events.ts'
import { openJobs } from '../platform/jobs/open-jobs.ts'
import { Metrics } from '../platform/metrics.ts'
import { stepsJob } from './steps-job.ts'

// A process that works on jobs until it is killed, or told to stop. What came of a job stands in a table of the test, step by step, each in a transaction of its own.

const config = readConfig(process.env)
const log = createLog('job-process', {
  level: 'error',
  destination: { write: (line) => void process.stderr.write(line) },
})
const backend = await openBackend({
  url: config.database_url,
  folder: config.data,
  onFailure: (error) => {
    throw error
  },
  onBrokenConnection: () => undefined,
})
const database = new Database(backend, { clock: systemClock })
const { jobs, services } = openJobs({
  config,
  database,
  clock: systemClock,
  log,
  metrics: new Metrics(),
  hub: new EventHub(),
  // People start none here.
  audit: { append: () => Promise.resolve(), appendOfEdge: () => Promise.resolve() },
  tracer: silentTracer,
})
jobs.register({
  ...stepsJob,
  run: async ({ id, tenantId, input, signal, progress }) => {
    const already = await database.withTenant(tenantId ?? '', (tx) =>
      tx.query<{ step: number }>('select step from public.effects where job = $1', [id]),
    )
    for (let step = already.length; step < input.steps; step++) {
      signal.throwIfAborted()
      await database.withTenant(tenantId ?? '', (tx) =>
        tx.run('insert into public.effects (job, step, pid) values ($1, $2, $3)', [id, step, process.pid]),
      )
      progress(step + 1, input.steps)
      // Long enough to be killed within.
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return { began_at: already.length }
  },
})
for (const service of services) await service.start()
process.once('SIGTERM', () => {
  void Promise.all(services.map((service) => service.stop())).then(() => process.exit(0))
})
process.stdout.write('running\n')
