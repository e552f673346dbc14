import type { KeyObject } from 'node:crypto'
import type { Clock, Envelope, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Registry } from 'prom-client'
import type { Database } from '../db/database.ts'
import type { App } from '../http/app.ts'
import type { RateLimiter } from '../http/rate-limiter.ts'
import type { JobsPort } from '../jobs/port.ts'
import { Rounds } from '../rounds.ts'
import { ObjectLinks } from './links.ts'
import { measuredBlobs, ObjectMetrics } from './object-metrics.ts'
import { ObjectStore } from './object-store.ts'
import type { ObjectsPort } from './port.ts'
import { addObjectRoutes } from './routes.ts'
import { openBlobs } from './settings.ts'
import type { ObjectsSettings } from './settings.ts'
import { tidyObjects } from './tidy.ts'
import { tidyJob } from './tidy-job.ts'

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
  readonly clock: Clock
  readonly log: Log
  readonly registry: Registry
}

export interface Objects {
  readonly port: ObjectsPort
  /** Erases what is no longer wanted, and says how many. */
  tidy(signal?: AbortSignal): Promise<number>
  addRoutes(app: App, parts: { readonly limiter: RateLimiter; readonly trustForwarded: boolean }): void
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
  clock,
  log,
  registry,
}: ObjectsParts): Objects {
  const blobs = measuredBlobs(openBlobs(settings, data), new ObjectMetrics(registry), clock)
  const links = new ObjectLinks(secret)
  const store = new ObjectStore({ database, blobs, envelope, clock, links })
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
    addRoutes: (app, parts) => addObjectRoutes(app, { objects: store, links, nowMs: () => clock.nowMs(), ...parts }),
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
