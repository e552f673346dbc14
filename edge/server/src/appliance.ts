import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describeError, lockFolder, systemClock, Tracing, travelsInClear } from '@jidoka/base'
import type { Log, Service } from '@jidoka/base'
import { LiveBoard } from './board/board.ts'
import { DiskWatch } from './board/disk.ts'
import { createBroker, DeviceDirectory, readDevices } from './broker/index.ts'
import { brokerUrlsOf } from './broker-urls.ts'
import type { BrokerUrls } from './broker-urls.ts'
import { commandParts } from './commands/command-parts.ts'
import { newCliToken, removeCliAccess, writeCliAccess } from './cli/access.ts'
import type { EdgeConfig } from './config.ts'
import { MesConnector } from './connectors/mes/mes-connector.ts'
import { CourierDesk } from './courier/courier-desk.ts'
import { applyStarter } from './downlink/starter.ts'
import { createApp } from './http/app.ts'
import type { QueryFunctions } from './http/query/query-worker.ts'
import { HttpServer } from './http/server.ts'
import { StreamHub } from './http/stream-hub.ts'
import { tellLine, tellStream } from './http/tell-stream.ts'
import { keepingPolicyOf } from './keeping/config.ts'
import { daysInForce } from './keeping/policy.ts'
import { diskSpaceOf } from './keeping/disk-space.ts'
import { Scrubber, scrubSetting } from './keeping/scrubber.ts'
import { StoredStateReader } from './keeping/stored-state.ts'
import { Metrics } from './metrics/metrics.ts'
import { Merger } from './merging/merger.ts'
import { openPipeline, openReader } from './pipeline/index.ts'
import type { JournalReader } from './ports.ts'
import { folderError, withSetting } from './start-errors.ts'
import type { DamagedSegment } from './store/segment-store.ts'
import { WorkerClient } from './threads/worker-client.ts'
import { CommitTraces } from './tracing/commit-traces.ts'
import type { BatchFunctions } from './uplink/batch-worker.ts'
import { CloudLink } from './uplink/cloud-link.ts'
import { EdgeIdentity } from './uplink/identity.ts'
import { LineKeeper } from './uplink/line-keeper.ts'
import { openReceiptDesk } from './uplink/open-receipt-desk.ts'
import { LineStatus } from './uplink/line-status.ts'
import { SyncDesk } from './uplink/sync-desk.ts'
import { LoginLimiter } from './users/login-limiter.ts'
import { SessionTable } from './users/sessions.ts'
import { UserDirectory } from './users/user-directory.ts'

export interface ApplianceOptions {
  readonly config: EdgeConfig
  readonly version: string
  readonly log: Log
  /** The newest lines of the log, for support bundles. */
  readonly logText: () => string
  /** A password that was made up for the first user: shown once, never logged. */
  readonly onFirstPassword: (login: string, password: string) => void
  /** A part cannot go on: the process must end, and its supervisor sees it. */
  readonly onFailure: (error: unknown) => void
}

export interface Appliance {
  readonly httpUrl: string
  /** Of the listeners that are up. */
  readonly brokerUrls: BrokerUrls
  /** Stops in reverse order; resolves when everything accepted is safe. */
  stop(): Promise<void>
}

/** Builds the appliance from its parts and starts them in order. What fails on the way stops those that run already. */
export async function startAppliance(options: ApplianceOptions): Promise<Appliance> {
  const stops: { readonly name: string; readonly stop: () => void | Promise<void> }[] = []
  const stop = async (): Promise<void> => {
    for (const part of stops.splice(0).toReversed()) {
      // One part that does not stop in order must not keep the journal from closing.
      try {
        await part.stop()
      } catch (error) {
        options.log.error({ action: 'stop', part: part.name, err: error }, describeError(error))
      }
    }
  }
  const running = async (service: Service): Promise<void> => {
    await service.start()
    stops.push({ name: service.name, stop: () => service.stop() })
  }
  try {
    return { ...(await start(options, stops, running)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(
  { config, version, log, logText, onFirstPassword, onFailure }: ApplianceOptions,
  stops: { readonly name: string; readonly stop: () => void | Promise<void> }[],
  running: (service: Service) => Promise<void>,
): Promise<Omit<Appliance, 'stop'>> {
  const clock = systemClock
  const random = Math.random
  const dataFolder = resolve(config.data_folder)
  stops.push({ name: 'lock', stop: lock(dataFolder) })
  const devices = config.devices_file === undefined ? null : new DeviceDirectory(readDevices(config.devices_file))
  const identity = EdgeIdentity.open(dataFolder)
  const tracing = new Tracing({
    settings: config.tracing,
    service: { name: 'jidoka-edge', version, instance: config.edge_name },
    clock,
    log,
  })
  const { tracer } = tracing
  await running(tracing)

  const keeping = keepingPolicyOf(config.keeping, config.cloud.url !== undefined)
  const pipeline = await openPipeline({ dataFolder, tenantId: config.tenant_id, log, onFailure, keeping })
  stops.push({ name: 'journal', stop: () => pipeline.stop() })
  const reader = openReader({ dataFolder })
  stops.push({ name: 'reader', stop: () => reader.close() })
  if (config.starter_file !== undefined) await applyStarter(config.starter_file, { pipeline, reader, log })

  const users = new UserDirectory(reader, pipeline)
  const firstUser = await users.ensureFirstUser(config.admin_password)
  if (firstUser?.madeUpPassword) onFirstPassword(firstUser.login, firstUser.madeUpPassword)

  let days = daysInForce(keeping, desiredPolicy(reader))
  const stored = new StoredStateReader(dataFolder, keeping)
  stops.push({ name: 'disk watch reader', stop: () => stored.close() })
  const disk = new DiskWatch({
    clock,
    usedBytes: () => reader.sizeBytes(),
    space: () => diskSpaceOf(dataFolder),
    stored: (space) => stored.read(space),
    get readingsDays() {
      return days.readings
    },
    load: () => reader.setting('disk_samples'),
    save: (text) => pipeline.saveSetting('disk_samples', text),
  })
  disk.start()
  stops.push({ name: 'disk watch', stop: () => disk.stop() })
  const status = new LineStatus(
    clock,
    'not_enrolled',
    'No cloud is configured: the appliance works alone. Set "cloud.url" (JIDOKA_CLOUD_URL) to change that.',
  )
  let lanes = reader.lanes()
  const commitTraces = new CommitTraces(tracer, clock, lanes)
  const lineToCloud = () => status.view(lanes, disk.state())
  const board = new LiveBoard(reader, {
    site: config.site,
    timeZone: config.time_zone,
    identity: () => ({
      edgeId: identity.enrolled?.edge_id ?? null,
      name: config.edge_name,
      tenantId: config.tenant_id,
      version,
    }),
    lineToCloud,
    nowMs: () => clock.nowMs(),
  })
  const hub = new StreamHub(clock)
  const connectors = config.mes.map((mes) => new MesConnector({ config: mes, pipeline, reader, clock, log, random }))
  const broker = createBroker({
    host: config.mqtt.host,
    port: config.mqtt.port,
    pipeline,
    log,
    policy: 'devices',
    authenticate: (credentials) => devices?.authenticate(credentials) ?? null,
    reader,
    version,
    tls:
      config.mqtt.tls === undefined
        ? undefined
        : {
            port: config.mqtt.tls.port,
            host: config.mqtt.tls.host,
            certFile: config.mqtt.tls.cert,
            keyFile: config.mqtt.tls.key,
            caFile: config.mqtt.tls.ca,
          },
    ws: config.mqtt.ws,
  })
  const reportDamaged = ({ firstSeq }: DamagedSegment): void => {
    pipeline.reportDamage({ lane: 'readings', firstSeq }).catch((error: unknown) => {
      log.error({ action: 'report_damage', firstSeq, err: error }, describeError(error))
    })
  }
  const hasCloud = config.cloud.url !== undefined
  const merger = new Merger({ dataFolder, pipeline, hasCloud, clock, log, onDamaged: reportDamaged })
  const metrics = new Metrics({
    lineToCloud,
    syncStatus: () => sync.status(),
    rowsGone: () => stored.gone(),
    alarmsOpen: () => board.openAlarmsCount,
    mqttClients: () => broker.clientsCount,
    broker: () => broker.stats(),
    streamClients: () => hub.clientsCount,
    streamSlowTotal: () => hub.slowClientsTotal,
    mergesTotal: () => merger.mergesTotal,
    spans: () => tracing.counts,
    connectors: () =>
      connectors.map(({ status: { name, state, eventsTotal } }) => ({ name, isUp: state === 'up', eventsTotal })),
  })

  stops.push({
    name: 'committed listener',
    stop: pipeline.onCommitted((committed, publishes) => {
      lanes = { readingsSeq: committed.readingsSeq, recordsSeq: committed.recordsSeq }
      board.apply(committed)
      tellStream(hub, board, committed)
      metrics.committed(committed)
      commitTraces.committed(committed, publishes)
      // The more urgent of the two first.
      broker.publishAlarms(committed.alarms, committed.recordsSeq)
      broker.publishVerdicts(committed.verdicts)
      broker.publishEveryVerdict(committed.verdictPackets)
      if (committed.reported.some((item) => item.kind === 'user')) users.reload()
      if (committed.reported.some((item) => item.kind === 'policy')) days = daysInForce(keeping, desiredPolicy(reader))
    }),
  })
  stops.push({
    name: 'problem listener',
    stop: pipeline.onStoreProblem((problem, kind) => disk.noteProblem(problem, kind)),
  })

  await running(broker).catch((error: unknown) => {
    throw withSetting(error, '"mqtt.port" (JIDOKA_MQTT_PORT) and "mqtt.host" (JIDOKA_MQTT_HOST) set it.')
  })
  // Retained verdicts live in the broker's memory: a stack light that connects after a restart must know what stands.
  broker.restoreVerdicts(reader.standingVerdicts())
  for (const connector of connectors) await running(connector)

  await running(merger)
  await running(
    new Scrubber({
      clock,
      log,
      step: (position) => merger.scrub(position),
      newest: () => merger.scrubNewest(),
      report: (damage) => pipeline.reportDamage(damage),
      load: () => reader.setting(scrubSetting),
      save: (text) => pipeline.saveSetting(scrubSetting, text),
      wasUnclean: pipeline.found !== null,
    }),
  )

  const queries = new WorkerClient<QueryFunctions>({
    name: 'query',
    url: new URL('./http/query/query-worker.ts', import.meta.url),
    data: { dataFolder },
    log,
    waitingMax: 8,
    // A minute after the last trend somebody looks at something else; the thread takes 30 MB.
    idleMsMax: 60_000,
  })
  stops.push({ name: 'queries', stop: () => queries.stop() })
  const courierBatches = new WorkerClient<BatchFunctions>({
    name: 'courier',
    url: new URL('./uplink/batch-worker.ts', import.meta.url),
    data: { dataFolder },
    log,
    waitingMax: 2,
    idleMsMax: 60_000,
  })
  stops.push({ name: 'courier', stop: () => courierBatches.stop() })
  const receipts = openReceiptDesk({ dataFolder, reader, identity, clock, log })
  stops.push({ name: 'receipts', stop: () => receipts.stop() })
  const { url: cloudUrl } = config.cloud
  if (cloudUrl !== undefined && travelsInClear(cloudUrl))
    log.warn(
      { action: 'start' },
      `The line to ${cloudUrl} is not encrypted: the enrolment token and all readings travel in clear. Set "cloud.url" (JIDOKA_CLOUD_URL) to an https:// address.`,
    )
  const newLink = (url: string) =>
    new CloudLink({
      cloudUrl: url,
      enrolmentToken: config.cloud.enrolment_token,
      edgeName: config.edge_name,
      version,
      dataFolder,
      identity,
      status,
      pipeline,
      reader,
      clock,
      log,
      random,
      meter: metrics.line,
      tracing: { tracer, linksTo: (...rows) => commitTraces.linksTo(...rows) },
      onFailure,
    })
  const line = cloudUrl === undefined ? null : new LineKeeper(() => newLink(cloudUrl))
  const courier = new CourierDesk({
    identity,
    batches: {
      build: (question) => courierBatches.call('build', question),
      pointAt: (lane, after, seq) => courierBatches.call('pointAt', { lane, after, seq }),
    },
    pipeline,
    reader,
    clock,
    line: () => line?.link ?? null,
  })
  const sync = new SyncDesk({ line, pipeline, reader, lineToCloud, clock, log, random })
  const cliToken = newCliToken()
  const metricsText = () => metrics.text()
  const notReady = () => [disk.state().problem].filter((problem) => problem !== null)
  const commands = commandParts({
    config,
    dataFolder,
    version,
    found: pipeline.found,
    pipeline,
    reader,
    identity,
    cliToken,
    metricsText,
    lineToCloud,
    notReady,
    logText,
    lineNow: () => line?.link.line ?? null,
    rangeRepair: () => line?.link ?? null,
    clock,
    log,
  })
  const app = createApp({
    clock,
    log,
    tracer,
    meter: metrics.requests,
    version,
    board,
    reader,
    pipeline,
    history: {
      query: async (question) => {
        const { answer, damaged } = await queries.call('history', question)
        damaged.forEach(reportDamaged)
        return answer
      },
    },
    users,
    sessions: new SessionTable(clock, reader.setting('sessions'), (text) => pipeline.saveSetting('sessions', text)),
    limiter: new LoginLimiter(clock),
    hub,
    lineToCloud,
    sync,
    receipts: receipts.desk,
    courier,
    tryRule: (definition, input) => queries.call('tryRule', { definition, input }),
    commands: (limit) => reader.commands(limit),
    supportBundle: commands.supportBundle,
    metricsText,
    notReady,
    cliToken,
    behindTls: config.behind_tls,
    webFolder: config.web_folder !== undefined && existsSync(config.web_folder) ? config.web_folder : undefined,
  })
  const http = new HttpServer(app.fetch, config.http)
  await running(http)
  // After the listener in this list, so before it at the stop: open streams would hold it.
  stops.push({ name: 'streams', stop: () => hub.stop() })
  stops.push({ name: 'line tick', stop: tellLine(hub, lineToCloud) })
  writeCliAccess(dataFolder, { url: http.url, token: cliToken })
  stops.push({ name: 'command line', stop: () => removeCliAccess(dataFolder) })

  if (line !== null) await running(line)
  await running(sync)
  // Behind the line, which some of them need.
  await running(commands.runner)
  // Beside what follows; it rejects never.
  void tracing.open()
  return { httpUrl: http.url, brokerUrls: brokerUrlsOf(config.mqtt, broker) }
}

function lock(dataFolder: string): () => void {
  try {
    return lockFolder(dataFolder)
  } catch (error) {
    throw folderError(dataFolder, error)
  }
}

/** How long the cloud wants things to be kept; null: it does not say. */
function desiredPolicy(reader: JournalReader) {
  return reader.desired().find((item) => item.kind === 'policy')?.body ?? null
}
