import type { Clock, Log, Service } from '@jidoka/base'
import type { CloudConfig } from '../../config.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Backbone } from '../../platform/events/backbone.ts'
import type { EventHub } from '../../platform/events.ts'
import type { App } from '../../platform/http/app.ts'
import type { Guard } from '../../platform/http/env.ts'
import type { JobsPort } from '../../platform/jobs/port.ts'
import type { CloudKeys } from '../../platform/keys.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Partitions } from '../../platform/partitions/partitions.ts'
import type { AuditPort } from '../audit/port.ts'
import type { JudgmentPort } from '../judgment/port.ts'
import { CourierDesk } from './courier/courier-desk.ts'
import { exportDown } from './courier/export.ts'
import type { DownFile } from './courier/export.ts'
import { addCourierRoutes } from './courier/routes.ts'
import { commandTidyJob } from './command-tidier.ts'
import { Commands } from './commands.ts'
import { addControlRoutes } from './control-routes.ts'
import { Cursors } from './cursors.ts'
import { EdgeAuthenticator } from './edge-identity.ts'
import { EdgeWaiting } from './edge-waiting.ts'
import { ElectricProxy } from './electric.ts'
import { Enrolment } from './enrolment.ts'
import { fleetGauges } from './gauges.ts'
import { Ingestion } from './ingestion.ts'
import { Overview } from './overview.ts'
import { Ranges } from './ranges.ts'
import { addRangeRoutes } from './ranges-routes.ts'
import { ReadingsMerger } from './readings/merge-job.ts'
import { addFleetRoutes } from './routes.ts'
import { SeenEdges } from './seen-edges.ts'
import { FleetService } from './service.ts'
import { ShapeServer } from './shape.ts'
import { addSyncRoutes, addUnknownSyncRoute } from './sync-routes.ts'
import { Troubles } from './troubles.ts'

export interface FleetParts {
  readonly config: CloudConfig
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly hub: EventHub
  readonly keys: CloudKeys
  readonly backbone: Backbone
  readonly partitions: Partitions
  readonly jobs: JobsPort
  readonly audit: AuditPort
  readonly judgment: () => JudgmentPort
  /** Streams and long polls end when it is aborted. */
  readonly stopping: AbortSignal
}

export interface OpenedFleet {
  readonly service: FleetService
  readonly overview: Overview
  readonly courier: {
    readonly desk: CourierDesk
    exportDown(tenantId: string, edgeId: string, by: string): Promise<DownFile>
  }
  /** Null where the cloud serves desired state itself. */
  readonly electric: ElectricProxy | null
  addRoutes(app: App, guard: Guard): void
  /** Of a process that serves this module. */
  readonly services: readonly Service[]
}

/** Everything about edges: who they are, what they shall be, what they send. */
export function openFleet(parts: FleetParts): OpenedFleet {
  const { config, database, clock, log, metrics, hub, keys, backbone, partitions, jobs, audit, judgment, stopping } =
    parts
  const service = new FleetService({ database, clock, hub, audit, outbox: backbone.outbox, judgment })
  const overview = new Overview({ database, clock, judgment })
  const seen = new SeenEdges({ database, clock, log })
  const waiting = new EdgeWaiting({ database, clock, log })
  const troubles = new Troubles({ database, clock, hub, audit })
  const commands = new Commands({ database, clock, hub, audit, judgment })
  const ingestion = new Ingestion({
    database,
    clock,
    hub,
    metrics,
    partitions,
    signer: keys.receipts,
    audit,
    troubles,
    waiting,
    judgment,
  })
  const desk = new CourierDesk({ database, clock, log, keys, ingestion, audit })
  // One list is enough, however many rotations an edge has missed: it is signed by the oldest key, which every list before it names.
  const exportParts = { database, clock, keys, audit, trust: () => [keys.receipts.trust] }
  const { electric_url: url, electric_secret: secret } = config
  const electric =
    url === undefined ? null : new ElectricProxy({ url, secret, database, clock, hub, metrics, log, stopping })
  if (config.modules.includes('fleet')) jobs.register(commandTidyJob({ database, log, commands }))
  return {
    service,
    overview,
    courier: { desk, exportDown: (...request) => exportDown(exportParts, ...request) },
    electric,
    addRoutes: (app, guard) => {
      const { limiter, nonces } = backbone
      const trustForwarded = config.http.trust_forwarded_for
      const enrolment = new Enrolment({ database, clock, audit, receiptKeys: () => keys.receipts.all })
      addFleetRoutes(app, { service, overview, enrolment, guard })
      addControlRoutes(app, { overview, commands, troubles, guard })
      const authenticator = new EdgeAuthenticator({ database, clock, hub, seen, nonces })
      addSyncRoutes(app, {
        authenticator,
        enrolment,
        ingestion,
        cursors: new Cursors(database),
        shape: electric ?? new ShapeServer({ database, clock, hub, metrics, stopping }),
        troubles,
        commands,
        trust: () => keys.receipts.trust,
        clock,
        trustForwarded,
        limiter,
      })
      addCourierRoutes(app, { desk, guard, authenticator, hub, log, ...exportParts })
      addRangeRoutes(app, { authenticator, ranges: new Ranges({ database, clock, audit }) })
      addUnknownSyncRoute(app)
    },
    services: [
      { name: 'fleet', start: () => service.start(), stop: () => service.stop() },
      seen,
      waiting,
      desk,
      new ReadingsMerger({ database, clock, log }),
      fleetGauges({ database, clock, log, metrics }),
    ],
  }
}
