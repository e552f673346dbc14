import type { KeyObject } from 'node:crypto'
import type { Clock, Envelope, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Registry } from 'prom-client'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Database } from '../db/database.ts'
import type { App } from '../http/app.ts'
import type { Guard } from '../http/env.ts'
import type { RateLimiter } from '../http/rate-limiter.ts'
import type { JobsPort } from '../jobs/port.ts'
import { Rounds } from '../rounds.ts'
import { ObjectDesk } from './desk.ts'
import { ObjectLinks } from './links.ts'
import { measuredBlobs, ObjectMetrics, UploadMetrics } from './object-metrics.ts'
import { ObjectStore } from './object-store.ts'
import type { ObjectsPort } from './port.ts'
import { addLinkRoutes } from './link-routes.ts'
import { addObjectRoutes } from './routes.ts'
import { openBlobs } from './settings.ts'
import type { ObjectsSettings } from './settings.ts'
import { tidyObjects } from './tidy.ts'
import { tidyJob } from './tidy-job.ts'
import { ObjectUploads } from './uploads.ts'

/** A bucket that came back, or a disk that is full, is known within this. */
const checkMs = 60_000

export interface ObjectsParts {
  readonly settings: ObjectsSettings
  /** The data folder. */
  readonly data: string
  /** Links are signed by what is made of it. */
  readonly secret: KeyObject
  readonly database: Database
  readonly envelope: Envelope
  readonly audit: AuditPort
  readonly clock: Clock
  readonly log: Log
  readonly registry: Registry
}

export interface ObjectsHttpParts {
  readonly guard: Guard
  readonly limiter: RateLimiter
  readonly trustForwarded: boolean
  /** Whose administrators say what other tenants may store. */
  readonly platformTenantId: string
}

export interface Objects {
  readonly port: ObjectsPort
  /** Erases what is no longer wanted, and says how many. */
  tidy(signal?: AbortSignal): Promise<number>
  addRoutes(app: App, parts: ObjectsHttpParts): void
  registerJobs(jobs: JobsPort): void
  /** How the bucket or the folder stood when it was last asked; everything without a file goes on without it. */
  health(): 'ok' | 'down'
  readonly service: Service
}

export function openObjects({
  settings,
  data,
  secret,
  database,
  envelope,
  audit,
  clock,
  log,
  registry,
}: ObjectsParts): Objects {
  const blobs = measuredBlobs(openBlobs(settings, data), new ObjectMetrics(registry), clock)
  const links = new ObjectLinks(secret)
  const metrics = new UploadMetrics(registry)
  const refused = (limit: 'bytes' | 'files') => metrics.overQuota.inc({ limit })
  const quota = { bytes: settings.quota_bytes, files: settings.quota_files }
  const store = new ObjectStore({ database, blobs, envelope, clock, links, quota, overQuota: refused })
  const desk = new ObjectDesk({ database, store, audit, clock, quota })
  const uploads = new ObjectUploads({
    database,
    objects: store,
    audit,
    clock,
    links,
    quota: { quota, refused },
    metrics,
  })
  const tidy = (signal?: AbortSignal) => tidyObjects({ database, store, clock, log }, signal)
  let health: 'ok' | 'down' = 'ok'
  const check = async () => {
    try {
      await blobs.check()
      health = 'ok'
    } catch (error) {
      if (health === 'ok') log.error({ action: 'objects.check', success: false }, describeError(error))
      health = 'down'
    }
  }
  const rounds = new Rounds({ name: 'objects.check', everyMs: checkMs, clock, work: check, failed: () => undefined })
  return {
    port: store,
    tidy,
    addRoutes: (app, parts) => {
      addLinkRoutes(app, { objects: store, uploads, links, nowMs: () => clock.nowMs(), ...parts })
      addObjectRoutes(app, { desk, uploads, ...parts })
    },
    registerJobs: (jobs) => jobs.register(tidyJob(tidy)),
    health: () => health,
    service: {
      name: 'objects',
      // Not waited for: the program serves what needs no file while a bucket is away.
      start: async () => {
        void check()
        await rounds.start()
      },
      stop: () => rounds.stop(),
    },
  }
}
