import type { Clock, Log } from '@jidoka/base'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Database, Transaction } from '../db/database.ts'
import type { App } from '../http/app.ts'
import type { Guard } from '../http/env.ts'
import type { JobsPort } from '../jobs/port.ts'
import type { ObjectsPort } from '../objects/port.ts'
import { keepPartitions } from '../partitions/keep.ts'
import type { KeepReport } from '../partitions/keep.ts'
import type { Partitions } from '../partitions/partitions.ts'
import { forEachTenant } from '../rounds.ts'
import { ArchiveService } from './archive-service.ts'
import { PartitionArchivist } from './archivist.ts'
import { keepJob, restoreJob, restoreJobName, takeAwayJob, takeAwayJobName } from './jobs.ts'
import { addArchiveRoutes } from './routes.ts'

export interface ArchivesParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly audit: AuditPort
  readonly objects: ObjectsPort
  readonly partitions: Partitions
  readonly jobs: JobsPort
}

export interface Archives {
  readonly service: ArchiveService
  /** Partitions made, indexed, archived and dropped, and what was read back of archives taken away when its time is over. */
  keep(signal?: AbortSignal, told?: (partition: string) => void): Promise<KeepReport>
  addRoutes(app: App, guard: Guard): void
}

/** Registers its jobs; whoever runs jobs runs them. */
export function openArchives({ database, clock, log, audit, objects, partitions, jobs }: ArchivesParts): Archives {
  const start = async (job: string, tx: Transaction, id: string, by: string) =>
    void (await jobs.start(job, { tenantId: tx.tenantId, input: { archive_id: id }, by, onceKey: id, tx }))
  const service = new ArchiveService({
    database,
    objects,
    audit,
    clock,
    startRestore: (tx, id, by) => start(restoreJobName, tx, id, by),
    restoresUnderWay: (tx, ids) => jobs.live(tx, restoreJobName, ids),
    startTakeAway: (tx, id, by) => start(takeAwayJobName, tx, id, by),
  })
  const archivist = new PartitionArchivist({ objects, audit, clock, log })
  const keep = async (signal = new AbortController().signal, told?: (partition: string) => void) => {
    const report = await keepPartitions({ database, clock, log, partitions, archivist }, signal, told)
    await forEachTenant(
      { database, log, action: 'archive.tidy' },
      async (tenantId) => void (await service.tidy(tenantId, signal)),
      () => signal.aborted,
    )
    return report
  }
  jobs.register(keepJob(keep))
  jobs.register(restoreJob(service))
  jobs.register(takeAwayJob(service))
  return { service, keep, addRoutes: (app, guard) => addArchiveRoutes(app, { archives: service, guard }) }
}
