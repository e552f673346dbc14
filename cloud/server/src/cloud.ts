import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Log, Service } from '@jidoka/base'
import { describeError, Envelope, startAll, stopAll } from '@jidoka/base'
import type { CloudConfig, ModuleName } from './config.ts'
import { AuditChain } from './modules/audit/audit-chain.ts'
import { AuditKey } from './modules/audit/audit-key.ts'
import { addAuditRoutes } from './modules/audit/routes.ts'
import { AuditService } from './modules/audit/service.ts'
import { CourierDesk } from './modules/fleet/courier/courier-desk.ts'
import { exportDown } from './modules/fleet/courier/export.ts'
import type { DownFile } from './modules/fleet/courier/export.ts'
import { addCourierRoutes } from './modules/fleet/courier/routes.ts'
import { commandTidier } from './modules/fleet/command-tidier.ts'
import { Commands } from './modules/fleet/commands.ts'
import { Cursors } from './modules/fleet/cursors.ts'
import { addControlRoutes } from './modules/fleet/control-routes.ts'
import { ElectricProxy } from './modules/fleet/electric.ts'
import { EdgeAuthenticator } from './modules/fleet/edge-identity.ts'
import { EdgeWaiting } from './modules/fleet/edge-waiting.ts'
import { Enrolment } from './modules/fleet/enrolment.ts'
import { fleetGauges } from './modules/fleet/gauges.ts'
import { Ingestion } from './modules/fleet/ingestion.ts'
import { Overview } from './modules/fleet/overview.ts'
import { Ranges } from './modules/fleet/ranges.ts'
import { addRangeRoutes } from './modules/fleet/ranges-routes.ts'
import { ReadingsMerger } from './modules/fleet/readings/merge-job.ts'
import { addFleetRoutes } from './modules/fleet/routes.ts'
import { SeenEdges } from './modules/fleet/seen-edges.ts'
import { FleetService } from './modules/fleet/service.ts'
import { ShapeServer } from './modules/fleet/shape.ts'
import { addSyncRoutes, addUnknownSyncRoute } from './modules/fleet/sync-routes.ts'
import { Troubles } from './modules/fleet/troubles.ts'
import { addIdentityRoutes, createGuard } from './modules/identity/routes.ts'
import { IdentityService } from './modules/identity/service.ts'
import { addJudgmentRoutes } from './modules/judgment/routes.ts'
import { ruleDeployedConsumer } from './modules/judgment/caches.ts'
import { RuleRunner } from './modules/judgment/rule-runner.ts'
import { RulesService } from './modules/judgment/rules-service.ts'
import { JudgmentService } from './modules/judgment/service.ts'
import type { Backend } from './platform/db/backend.ts'
import { Database } from './platform/db/database.ts'
import { openBackbone } from './platform/events/backbone.ts'
import { addEventRoutes } from './platform/events/routes.ts'
import { EventHub } from './platform/events.ts'
import { createApp } from './platform/http/app.ts'
import type { App } from './platform/http/app.ts'
import { addConsole } from './platform/http/console.ts'
import { addHealthRoutes } from './platform/http/health.ts'
import type { Readiness } from './platform/http/health.ts'
import { addOpenApi } from './platform/http/openapi.ts'
import { addStreamRoute } from './platform/http/stream.ts'
import { openKeys } from './platform/keys.ts'
import { Metrics } from './platform/metrics.ts'
import { Partitions } from './platform/partitions.ts'
import { watchReceiptKeys } from './platform/receipt-keys-watch.ts'
import { PiiVault } from './platform/secrets/pii-vault.ts'
import type { SecretsPort } from './platform/secrets/port.ts'
import { Rewrapper } from './platform/secrets/rewrapper.ts'
import { addPiiRoutes, addSecretRoutes } from './platform/secrets/routes.ts'
import { SecretStore } from './platform/secrets/secret-store.ts'
import { openMasterKeys } from './platform/secrets/settings.ts'

export const { version: cloudVersion } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as {
  version: string
}

/** Partitions are made three months ahead: a day is often enough a hundred times over. */
const housekeepingMs = 24 * 3_600_000

export interface CloudParts {
  config: CloudConfig
  /** Open and migrated; the caller closes it after `stop`. */
  backend: Backend
  clock: Clock
  log: Log
}

/** The program without its socket and its database: what main.ts listens with and tests call. */
export interface Cloud {
  readonly app: App
  /** Shown once when the first administrator was made with a made-up password. */
  readonly firstAdmin: { login: string; password: string } | null
  /** What modules keep for a tenant without anybody reading it in the database. */
  readonly secrets: SecretsPort
  readonly rewrapper: Rewrapper
  /** Seals, verifies and exports the audit log. */
  readonly audit: AuditChain
  /** For the command line. */
  readonly courier: {
    readonly desk: CourierDesk
    exportDown(tenantId: string, edgeId: string, by: string): Promise<DownFile>
  }
  /** Not ready any more; streams and long polls are answered. To be called before the socket is closed. */
  drain(): void
  stop(): Promise<void>
}

/**
 * Wires the modules. The services of all are made in every process, as they are libraries over one database; routes and jobs
 * are those of `config.modules`.
 */
export async function openCloud({ config, backend, clock, log }: CloudParts): Promise<Cloud> {
  const metrics = new Metrics()
  metrics.watchPool(backend.pool)
  const keysFolder = config.keys ?? join(config.data, 'keys')
  const keys = await openKeys(keysFolder, () => clock.nowMs())
  const masterKeys = openMasterKeys(config.secrets, keysFolder, clock)
  const envelope = new Envelope(masterKeys)
  const database = new Database(backend, { clock, waitSeconds: metrics.poolWaitSeconds, settings: config.database })
  const hub = new EventHub()
  const backbone = openBackbone({ config, database, clock, log, metrics, hub })
  const { link, outbox, cache, limiter, dead } = backbone
  const partitions = new Partitions(database, clock)
  const stopping = new AbortController()

  const auditKey = new AuditKey(keys.audit)
  const audit = new AuditService({ database, clock, key: auditKey })
  const checkpointFolder = config.audit_checkpoints ?? join(config.data, 'audit-checkpoints')
  const auditChain = new AuditChain({ database, clock, log, metrics, key: auditKey, checkpointFolder })
  const secrets = new SecretStore({ database, clock, audit, envelope, masterKeys })
  const rewrapper = new Rewrapper({ database, envelope, masterKeys, clock, log })
  const identity = new IdentityService({ database, keys, clock, audit, log })
  const runner = new RuleRunner()
  // Fleet and judgment need each other: each gets the other as a question to ask later.
  const fleet: FleetService = new FleetService({ database, clock, hub, audit, outbox, judgment: () => judgment })
  const judgment: JudgmentService = new JudgmentService({
    database,
    clock,
    hub,
    metrics,
    partitions,
    fleet: () => fleet,
    runner,
    outbox,
    cache,
  })

  const { https, trust_forwarded_for: trustForwarded } = config.http
  const guard = createGuard(identity, { limiter, trustForwarded })
  const app = createApp({ log, metrics, clock, https })
  const seen = new SeenEdges({ database, clock, log })
  const waiting = new EdgeWaiting({ database, clock, log })
  const troubles = new Troubles({ database, clock, hub, audit })
  const commands = new Commands({ database, clock, hub, audit, judgment: () => judgment })
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
    judgment: () => judgment,
  })
  const courier = new CourierDesk({ database, clock, log, keys, ingestion, audit })
  // One list is enough, however many rotations an edge has missed: it is signed by the oldest key, which every list before it names.
  const exportParts = { database, clock, keys, audit, trust: () => [keys.receipts.trust] }
  const { electric_url: electricUrl, electric_secret: electricSecret } = config
  const electric =
    electricUrl === undefined
      ? null
      : new ElectricProxy({
          url: electricUrl,
          secret: electricSecret,
          database,
          clock,
          hub,
          metrics,
          log,
          stopping: stopping.signal,
        })
  const mount: Record<ModuleName, () => void> = {
    identity: () => addIdentityRoutes(app, { service: identity, guard, https, trustForwarded, limiter }),
    fleet: () => {
      const enrolment = new Enrolment({ database, clock, audit, receiptKeys: () => keys.receipts.all })
      const overview = new Overview({ database, clock, judgment: () => judgment })
      addFleetRoutes(app, { service: fleet, overview, enrolment, guard })
      addControlRoutes(app, { overview, commands, troubles, guard })
      const authenticator = new EdgeAuthenticator({ database, clock, hub, seen, nonces: backbone.nonces })
      addSyncRoutes(app, {
        authenticator,
        enrolment,
        ingestion,
        cursors: new Cursors(database),
        shape: electric ?? new ShapeServer({ database, clock, hub, metrics, stopping: stopping.signal }),
        troubles,
        commands,
        trust: () => keys.receipts.trust,
        clock,
        trustForwarded,
        limiter,
      })
      addCourierRoutes(app, { desk: courier, guard, authenticator, hub, log, ...exportParts })
      addRangeRoutes(app, { authenticator, ranges: new Ranges({ database, clock, audit }) })
      addUnknownSyncRoute(app)
    },
    judgment: () =>
      addJudgmentRoutes(app, {
        service: judgment,
        rules: new RulesService({ database, clock, audit, fleet: () => fleet, runner, outbox, cache }),
        guard,
      }),
    audit: () => addAuditRoutes(app, { service: audit, chain: auditChain, guard }),
  }
  const readiness: Readiness = {
    stopping: false,
    checkDatabase: async () => void (await database.asOwner('select 1')),
    electric: electric === null ? null : () => electric.health(),
    redis: link === null ? null : () => link.health(),
    audit: () => auditChain.health(),
  }
  addHealthRoutes(app, readiness, metrics)
  for (const name of new Set(config.modules)) mount[name]()
  addEventRoutes(app, { dead, guard })
  addSecretRoutes(app, { secrets, database, guard })
  addPiiRoutes(app, { vault: new PiiVault({ database, clock, audit, envelope }), guard })
  addStreamRoute(app, { hub, guard, metrics, clock, stopping: stopping.signal })
  addOpenApi(app, cloudVersion)
  if (config.console !== undefined) addConsole(app, config.console)

  const services: Service[] = [
    ...backbone.services(config.modules.includes('judgment') ? [ruleDeployedConsumer(cache)] : []),
    { name: 'identity', start: () => Promise.resolve(), stop: () => identity.stop() },
    partitionJob(partitions, clock, log),
    watchReceiptKeys({ keys: keys.receipts, clock, log }),
    rewrapper,
    ...(config.modules.includes('audit') ? auditChain.services() : []),
    ...(config.modules.includes('fleet')
      ? [
          fleetJobs(fleet),
          seen,
          waiting,
          courier,
          new ReadingsMerger({ database, clock, log }),
          commandTidier({ database, clock, log, commands }),
          fleetGauges({ database, clock, log, metrics }),
        ]
      : []),
  ]
  const firstAdmin = await identity.seed(config.tenant, config.admin_password)
  await startAll(services)
  const drain = () => {
    readiness.stopping = true
    stopping.abort()
  }
  return {
    app,
    firstAdmin,
    secrets,
    rewrapper,
    audit: auditChain,
    courier: { desk: courier, exportDown: (...request) => exportDown(exportParts, ...request) },
    drain,
    stop: async () => {
      drain()
      await stopAll(services)
    },
  }
}

function fleetJobs(fleet: FleetService): Service {
  return { name: 'fleet', start: () => fleet.start(), stop: () => fleet.stop() }
}

function partitionJob(partitions: Partitions, clock: Clock, log: Log): Service {
  let cancel: () => void = () => undefined
  const again = () => {
    cancel = clock.after(housekeepingMs, () => {
      // Tried again tomorrow: three months are left, and the log says so every day.
      partitions
        .makeAhead()
        .catch((error: unknown) => log.error({ action: 'partitions.make', success: false }, describeError(error)))
      again()
    })
  }
  return {
    name: 'partitions',
    start: async () => {
      await partitions.makeAhead()
      again()
    },
    stop: () => Promise.resolve(cancel()),
  }
}
