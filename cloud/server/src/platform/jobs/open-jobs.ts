import type { Clock, Log, Service, Tracer } from '@jidoka/base'
import type { CloudConfig } from '../../config.ts'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Database } from '../db/database.ts'
import type { EventHub } from '../events.ts'
import type { Metrics } from '../metrics.ts'
import { JobMetrics } from './job-metrics.ts'
import { Jobs } from './jobs.ts'
import { JobRegistry } from './registry.ts'
import { Scheduler } from './scheduler.ts'
import { tidyJob } from './tidy-job.ts'
import { JobWorker } from './worker.ts'

export interface OpenJobsParts {
  readonly config: Pick<CloudConfig, 'jobs' | 'tenant'>
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly hub: EventHub
  readonly audit: AuditPort
  readonly tracer: Tracer
}

export interface OpenedJobs {
  readonly jobs: Jobs
  /** To be started when all jobs are registered; none where this process leaves jobs to others. */
  readonly services: Service[]
}

export function openJobs({ config, database, clock, log, metrics, hub, audit, tracer }: OpenJobsParts): OpenedJobs {
  const registry = new JobRegistry()
  const platformTenantId = config.tenant
  const jobs = new Jobs({ database, clock, audit, registry, platformTenantId })
  jobs.register(tidyJob({ database, clock }))
  const jobMetrics = new JobMetrics(metrics.registry)
  if (!config.jobs.work) return { jobs, services: [] }
  const worker = new JobWorker({
    database,
    clock,
    log,
    metrics: jobMetrics,
    tracer,
    registry,
    scheduler: new Scheduler({ database, clock, log, registry, platformTenantId, start: jobs.start }),
    atOnceMax: config.jobs.at_once,
    tell: (tenantId, data) => hub.publish(tenantId, { event: 'job', data }),
    isFollowed: (tenantId) => hub.isHeard(tenantId),
  })
  jobs.connect(worker)
  return { jobs, services: [worker] }
}
