import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Log, Service, Tracing } from '@jidoka/base'
import { Envelope, startAll, stopAll } from '@jidoka/base'
import type { CloudConfig, ModuleName } from './config.ts'
import { AuditChain } from './modules/audit/audit-chain.ts'
import { AuditKeys } from './modules/audit/audit-keys.ts'
import { addAuditRoutes } from './modules/audit/routes.ts'
import { auditCalls, auditContract } from './modules/audit/remote.ts'
import { AuditService } from './modules/audit/service.ts'
import { fleetCalls, fleetContract } from './modules/fleet/remote.ts'
import type { FleetCalls } from './modules/fleet/remote.ts'
import { addGatewayRoutes } from './modules/gateway/routes.ts'
import type { ModuleCalls } from './modules/gateway/parts.ts'
import { identityCalls, identityContract } from './modules/identity/remote.ts'
import { openFleet } from './modules/fleet/open-fleet.ts'
import type { OpenedFleet } from './modules/fleet/open-fleet.ts'
import { EndedAccess } from './modules/identity/ended-access.ts'
import { addIdentityRoutes, createGuard } from './modules/identity/routes.ts'
import { IdentityService } from './modules/identity/service.ts'
import { judgmentCalls, judgmentContract } from './modules/judgment/remote.ts'
import { addJudgmentRoutes } from './modules/judgment/routes.ts'
import { ruleDeployedConsumer } from './modules/judgment/caches.ts'
import { RuleRunner } from './modules/judgment/rule-runner.ts'
import { RulesService } from './modules/judgment/rules-service.ts'
import { JudgmentService } from './modules/judgment/service.ts'
import type { Backend } from './platform/db/backend.ts'
import { Database } from './platform/db/database.ts'
import { ExtensionWatch } from './platform/db/extensions.ts'
import { Replica } from './platform/db/replica.ts'
import { openBackbone } from './platform/events/backbone.ts'
import { addEventRoutes } from './platform/events/routes.ts'
import { EventHub } from './platform/events.ts'
import { createApp } from './platform/http/app.ts'
import type { App } from './platform/http/app.ts'
import { addConsole } from './platform/http/console.ts'
import { addHealthRoutes } from './platform/http/health.ts'
import { forgetKeysJob } from './platform/http/idempotency/forget-job.ts'
import { guardOnce } from './platform/http/idempotency/once.ts'
import type { Readiness } from './platform/http/health.ts'
import { addOpenApi } from './platform/http/openapi.ts'
import { addStreamRoute } from './platform/http/stream.ts'
import { demandSigningKey, openKeys } from './platform/keys.ts'
import { watchKeys } from './platform/keys-watch.ts'
import { Metrics } from './platform/metrics.ts'
import { watchResources } from './platform/metrics-resources.ts'
import { openJobs } from './platform/jobs/open-jobs.ts'
import type { Jobs } from './platform/jobs/jobs.ts'
import { addJobRoutes } from './platform/jobs/routes.ts'
import { openTracing } from './platform/tracing.ts'
import { openArchives } from './platform/archive/archives.ts'
import type { Archives } from './platform/archive/archives.ts'
import { openObjects } from './platform/objects/objects.ts'
import type { Objects } from './platform/objects/objects.ts'
import { watchPartitions } from './platform/partitions/partition-metrics.ts'
import { Partitions } from './platform/partitions/partitions.ts'
import { openModuleKeys, openPeers } from './platform/remote/open.ts'
import { piiRetention } from './platform/secrets/pii-retention.ts'
import { PiiVault } from './platform/secrets/pii-vault.ts'
import type { SecretsPort } from './platform/secrets/port.ts'
import { rewrapJob } from './platform/secrets/rewrap-job.ts'
import { Rewrapper } from './platform/secrets/rewrapper.ts'
import { addPiiRoutes, addSecretRoutes } from './platform/secrets/routes.ts'
import { SecretMetrics } from './platform/secrets/secret-metrics.ts'
import { SecretStore } from './platform/secrets/secret-store.ts'
import { openMasterKeys } from './platform/secrets/settings.ts'
import type { TenantDirectory } from './platform/tenancy/directory.ts'
import { registerTenantJobs } from './platform/tenancy/jobs.ts'
import { openTenancy } from './platform/tenancy/open.ts'
import { addTenantRoutes } from './platform/tenancy/routes.ts'
import { watchMoves } from './platform/tenancy/move-metrics.ts'
import { TenantDesk } from './platform/tenancy/tenant-desk.ts'

export const { version: cloudVersion } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as {
  version: string
}

export interface CloudParts {
  config: CloudConfig
  /** Open and migrated; the caller closes it after `stop`. */
  backend: Backend
  clock: Clock
  log: Log
  /** Which of several databases serves a tenant, where the caller has opened them; null: those of the settings are opened here. */
  directory?: TenantDirectory | null
  /** It does what it was asked to, and ends: events are left to processes that stay. */
  isCommand?: boolean
}

/** The program without its socket and its database: what main.ts listens with and tests call. */
export interface Cloud {
  readonly app: App
  /** Shown once when the first administrator was made with a made-up password. */
  readonly firstAdmin: { login: string; password: string } | null
  /** What modules keep for a tenant without anybody reading it in the database. */
  readonly secrets: SecretsPort
  readonly rewrapper: Rewrapper
  /** Files of tenants. */
  readonly objects: Objects
  readonly archives: Archives
  /** Starts work that some process does once. */
  readonly jobs: Jobs
  /** What may be asked of the modules, wherever they run. */
  readonly calls: ModuleCalls
  /** Fleet as judgment asks it. */
  readonly fleetForJudgment: FleetCalls
  /** Seals, verifies and exports the audit log. */
  readonly audit: AuditChain
  /** Until it is opened nothing is recorded. */
  readonly tracing: Tracing
  /** Tenants, and where they are. */
  readonly tenants: TenantDesk
  /** For the command line. */
  readonly courier: OpenedFleet['courier']
  /** Not ready any more, and serves all the same: whoever distributes requests looks elsewhere. */
  leave(): void
  /** Streams and long polls are answered. To be called before the socket is closed. */
  drain(): void
  stop(): Promise<void>
}

/**
 * Wires the modules. The services of all are made in every process, as they are libraries over one database; routes and jobs
 * are those of `config.modules`.
 */
export async function openCloud({
  config,
  backend,
  clock,
  log,
  directory = null,
  isCommand = false,
}: CloudParts): Promise<Cloud> {
  const metrics = new Metrics()
  metrics.watchPool(backend.pool)
  watchResources(metrics.registry, config.data)
  const keysFolder = config.keys ?? join(config.data, 'keys')
  const keys = await openKeys(keysFolder, () => clock.nowMs())
  if (!isCommand && config.modules.includes('identity')) demandSigningKey(keys, keysFolder)
  const masterKeys = openMasterKeys(config.secrets, keysFolder, clock)
  const envelope = new Envelope(masterKeys)
  const tenancy = await openTenancy({ config, main: backend, clock, log, directory })
  const { database_replica_url: replicaUrl, database: settings } = config
  const replica =
    replicaUrl === undefined ? null : new Replica({ url: replicaUrl, primary: backend.pool, settings, clock, log })
  const database = new Database(backend, {
    clock,
    waitSeconds: metrics.poolWaitSeconds,
    settings,
    places: tenancy.directory,
    replica,
    reads: metrics.longReads,
  })
  const hub = new EventHub()
  const tracing = openTracing({ settings: config.tracing, version: cloudVersion, clock, log, metrics })
  const { tracer } = tracing
  const backbone = openBackbone({ config, database, clock, log, metrics, hub, tracer })
  const { link, outbox, cache, limiter, dead, access } = backbone
  const partitions = new Partitions(database, clock)
  const stopping = new AbortController()

  const auditKeys = new AuditKeys(keys.audit)
  const audit = new AuditService({ database, clock, keys: auditKeys })
  const checkpointFolder = config.audit_checkpoints ?? join(config.data, 'audit-checkpoints')
  const auditChain = new AuditChain({ database, clock, log, metrics, keys: auditKeys, checkpointFolder })
  const secrets = new SecretStore({ database, clock, audit, envelope, masterKeys })
  const secretMetrics = new SecretMetrics(metrics.registry)
  const rewrapper = new Rewrapper({ database, envelope, masterKeys, metrics: secretMetrics })
  const objects = openObjects({
    settings: config.objects,
    data: config.data,
    secret: keys.objectLinks,
    database,
    envelope,
    audit,
    clock,
    log,
    registry: metrics.registry,
  })
  const { jobs, services: jobServices } = openJobs({ config, database, clock, log, metrics, hub, audit, tracer })
  jobs.register(piiRetention({ database, clock, audit, metrics: secretMetrics, days: config.secrets.pii_days }))
  jobs.register(rewrapJob(rewrapper))
  jobs.register(forgetKeysJob({ database, clock, log }))
  objects.registerJobs(jobs)
  if (config.modules.includes('audit')) auditChain.registerJobs(jobs)
  const archives = openArchives({ database, clock, log, audit, objects: objects.port, partitions, jobs })
  const ended = new EndedAccess({ database, clock, log, tellOthers: () => access.tellAccessEnded() })
  access.onAccessEnded(() => ended.heard())
  const identity = new IdentityService({ database, keys, clock, audit, log, ended })
  const runner = new RuleRunner()
  // Fleet and judgment need each other: each gets the other as a question to ask later.
  const fleet: OpenedFleet = openFleet({
    config,
    database,
    clock,
    log,
    metrics,
    hub,
    keys,
    backbone,
    partitions,
    jobs,
    audit,
    judgment: () => judgment,
    stopping: stopping.signal,
  })
  const judgment: JudgmentService = new JudgmentService({
    database,
    clock,
    hub,
    metrics,
    partitions,
    fleet: () => fleet.service,
    runner,
    outbox,
    cache,
  })

  const { https, trust_forwarded_for: trustForwarded } = config.http
  const guard = guardOnce(createGuard(identity, { limiter, trustForwarded }), {
    database,
    clock,
    log,
    envelope,
    limiter,
  })
  const app = createApp({ log, metrics, clock, https, corsOrigins: config.http.cors_origins, tracer })
  const moduleKeys = await openModuleKeys({ config, keysFolder, clock, log })
  const peers = openPeers({ config, app, keys: moduleKeys, clock, log, metrics, limiter, link })
  const fleetFor = peers.reach(fleetContract, fleetCalls({ service: fleet.service, overview: fleet.overview }))
  const fleetForJudgment = fleetFor('judgment')
  const calls: ModuleCalls = {
    identity: peers.reach(identityContract, identityCalls(identity))('gateway'),
    fleet: fleetFor('gateway'),
    judgment: peers.reach(judgmentContract, judgmentCalls(judgment))('gateway'),
    audit: peers.reach(auditContract, auditCalls(auditChain))('gateway'),
  }
  const mount: Record<ModuleName, () => void> = {
    identity: () => addIdentityRoutes(app, { service: identity, guard, https, trustForwarded, limiter }),
    fleet: () => fleet.addRoutes(app, guard),
    judgment: () =>
      addJudgmentRoutes(app, {
        service: judgment,
        rules: new RulesService({
          database,
          clock,
          audit,
          fleet: () => fleet.service,
          fleetCalls: fleetForJudgment,
          runner,
          outbox,
          cache,
        }),
        guard,
      }),
    audit: () => addAuditRoutes(app, { service: audit, chain: auditChain, guard }),
    gateway: () => addGatewayRoutes(app, { calls, clock, log, guard }),
  }
  const extensions = new ExtensionWatch({ pool: backend.pool, clock, log })
  const { electric } = fleet
  const readiness: Readiness = {
    stopping: false,
    checkDatabase: async () => void (await database.asOwner('select 1')),
    replica: replica === null ? null : () => replica.state(),
    electric: electric === null ? null : () => electric.health(),
    redis: link === null ? null : () => link.health(),
    objects: () => objects.health(),
    audit: () => auditChain.health(),
    modulesDown: peers.down,
    extensionsLacking: () => extensions.lacking(),
  }
  addHealthRoutes(app, readiness, metrics)
  for (const name of new Set(config.modules)) mount[name]()
  addEventRoutes(app, { dead, guard })
  addSecretRoutes(app, { secrets, database, guard })
  addJobRoutes(app, { jobs, guard })
  const tenants = new TenantDesk({ database, directory: tenancy.directory, clock, log, audit, identity })
  registerTenantJobs(jobs, { desk: tenants, clock })
  addTenantRoutes(app, { desk: tenants, jobs, clock, guard, platformTenantId: config.tenant })
  addPiiRoutes(app, { vault: new PiiVault({ database, clock, audit, envelope }), guard })
  objects.addRoutes(app, { guard, limiter, trustForwarded, platformTenantId: config.tenant })
  archives.addRoutes(app, guard)
  addStreamRoute(app, { hub, guard, metrics, clock, stopping: stopping.signal })
  addOpenApi(app, cloudVersion)
  if (config.console !== undefined) addConsole(app, config.console)

  const services: Service[] = [
    tracing,
    ...(replica === null ? [] : [{ name: 'replica', start: () => Promise.resolve(), stop: () => replica.close() }]),
    ...tenancy.services,
    ...backbone.services(isCommand ? null : config.modules.includes('judgment') ? [ruleDeployedConsumer(cache)] : []),
    ended,
    { name: 'identity', start: () => Promise.resolve(), stop: () => identity.stop() },
    objects.service,
    // The job keeps them; rows that come before its first run need theirs.
    { name: 'partitions', start: () => partitions.makeAhead(), stop: () => Promise.resolve() },
    watchPartitions({ database, clock, log, registry: metrics.registry }),
    ...watchMoves({ mover: tenants.mover, database, clock, log, registry: metrics.registry }),
    watchKeys({ keys: [keys.receipts, keys.audit, ...(moduleKeys === null ? [] : [moduleKeys])], clock, log }),
    ...(config.modules.includes('audit') ? auditChain.services() : []),
    ...(config.modules.includes('fleet') ? fleet.services : []),
    ...jobServices,
  ]
  const firstAdmin = await identity.seed(config.tenant, config.admin_password)
  await startAll(services)
  const leave = () => {
    readiness.stopping = true
  }
  const drain = () => {
    leave()
    stopping.abort()
  }
  return {
    app,
    firstAdmin,
    secrets,
    rewrapper,
    objects,
    archives,
    jobs,
    calls,
    fleetForJudgment,
    audit: auditChain,
    tenants,
    tracing,
    courier: fleet.courier,
    leave,
    drain,
    stop: async () => {
      drain()
      await stopAll(services)
    },
  }
}
