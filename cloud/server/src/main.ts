#!/usr/bin/env node
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  ConfigError,
  createLog,
  describeError,
  isErrno,
  OperationalError,
  systemClock,
  untilStopped,
} from '@jidoka/base'
import type { Log } from '@jidoka/base'
import type { Cloud } from './cloud.ts'
import { readConfig } from './config.ts'
import type { CloudConfig } from './config.ts'
import { clearWays } from './platform/clear-ways.ts'
import { oneAddressForAll } from './platform/http/one-address.ts'
import type { Backend } from './platform/db/backend.ts'
import { allMigrations, bringUpToDate, openBackend } from './platform/db/open.ts'
import { hasAllModules } from './platform/remote/module-names.ts'
import { takeModulesFlag } from './platform/remote/modules-flag.ts'
import { moduleKeyFolders } from './platform/remote/settings.ts'
import { openMasterKeys } from './platform/secrets/settings.ts'
import { otherDatabases } from './platform/tenancy/settings.ts'

// The composition root. stdout: the one line that says ready, and what commands print. stderr: the log. Imported at once is what opens the database:
// most of the program is read beside that, and of the commands each reads its own.

/** Where the console's build lies beside these sources; what ships says its own place. */
const builtConsole = fileURLToPath(new URL('../../console/dist', import.meta.url))

const exitCode = { failed: 1, wrongConfig: 2 }

async function main(): Promise<void> {
  const { argv, modules } = takeModulesFlag(process.argv.slice(2))
  // Commands read what stands behind their name.
  process.argv.splice(2, process.argv.length, ...argv)
  const config = readConfig(modules === undefined ? process.env : { ...process.env, JIDOKA_CLOUD_MODULES: modules })
  const log = createLog('cloud', {
    level: config.log_level,
    destination: { write: (line) => void process.stderr.write(line) },
  })
  const [command, argument = 'up'] = process.argv.slice(2)
  if (command === undefined) return serve(config, log)
  if (command === 'courier') return runCourier(config, log)
  if (command === 'rotate-receipt-key') return rotateReceiptKey(config)
  if (command === 'rotate-module-key') {
    const { runModuleKeyCommand } = await import('./platform/remote/module-key-command.ts')
    return runModuleKeyCommand(process.argv.slice(3), {
      folders: moduleKeyFolders(config.module_keys, keysFolderOf(config)),
      nowMs: systemClock.nowMs(),
      print,
    })
  }
  if (command === 'secrets') return runSecrets(config, log)
  if (command === 'audit') return runAudit(config, log)
  if (command === 'tenant') return runTenant(config, log)
  if (command !== 'migrate')
    throw new OperationalError(
      `"${command}" is not a command. Without one the program serves; "migrate" works on its database, "courier" reads and writes courier files, "rotate-receipt-key" makes the next key for receipts, "rotate-module-key" the next one of a module, "secrets" changes the master key, "audit" verifies and exports the audit log, "tenant" makes tenants and moves them between databases.`,
    )
  const { runMigrateCommand } = await import('./migrate.ts')
  const backend = await open(config, log)
  try {
    process.stdout.write(`${await runMigrateCommand(backend.pool, allMigrations(), argument)}\n`)
  } finally {
    await backend.close()
  }
  for (const { name, ...address } of otherDatabases(config.tenancy)) {
    const other = await open({ ...config, ...address }, log)
    try {
      process.stdout.write(
        `database ${name}:\n${await runMigrateCommand(other.pool, allMigrations(), argument, false)}\n`,
      )
    } finally {
      await other.close()
    }
  }
}

const print = (line: string) => void process.stdout.write(`${line}\n`)

/** A command does what it was asked to, and ends: jobs and events are for processes that stay. */
async function withCloud<Result>(
  config: CloudConfig,
  log: Log,
  work: (cloud: Cloud) => Promise<Result>,
): Promise<Result> {
  const [backend, { openCloud }] = await Promise.all([open(config, log), import('./cloud.ts')])
  try {
    const settings = { ...config, jobs: { ...config.jobs, work: false } }
    const cloud = await openCloud({ config: settings, isCommand: true, backend, clock: systemClock, log })
    try {
      return await work(cloud)
    } finally {
      await cloud.stop()
    }
  } finally {
    await backend.close()
  }
}

async function runTenant(config: CloudConfig, log: Log): Promise<void> {
  const { runTenantCommand } = await import('./platform/tenancy/tenant-command.ts')
  const isDone = await withCloud(config, log, ({ tenants }) =>
    runTenantCommand(process.argv.slice(3), { desk: tenants, print }),
  )
  if (!isDone) process.exitCode = exitCode.failed
}

const keysFolderOf = (config: CloudConfig): string => config.keys ?? join(config.data, 'keys')

/** Works on the master keys; on the database, which is opened for it, when secrets are rewrapped. */
async function runSecrets(config: CloudConfig, log: Log): Promise<void> {
  const folder = keysFolderOf(config)
  const { openKeys } = await import('./platform/keys.ts')
  const { runSecretsCommand } = await import('./platform/secrets/secrets-command.ts')
  await openKeys(folder)
  const isAllDone = await runSecretsCommand(process.argv.slice(3), {
    masterKeys: openMasterKeys(config.secrets, folder, systemClock),
    print,
    withRewrapper: (work) => withCloud(config, log, ({ rewrapper }) => work(rewrapper)),
  })
  if (!isAllDone) process.exitCode = exitCode.failed
}

/** Needs the database for itself where that is PGlite, as a courier does; what has been exported is checked without one. */
async function runAudit(config: CloudConfig, log: Log): Promise<void> {
  const { openKeys } = await import('./platform/keys.ts')
  const { AuditKeys } = await import('./modules/audit/audit-keys.ts')
  const { runAuditCommand } = await import('./modules/audit/audit-command.ts')
  const isWhole = await runAuditCommand(process.argv.slice(3), {
    tenant: config.tenant,
    print,
    publicKey: async () => new AuditKeys((await openKeys(keysFolderOf(config))).audit).active.publicKeyText,
    rotateKey: async (graceMs) => (await openKeys(keysFolderOf(config))).audit.rotate(graceMs),
    withChain: (work) =>
      withCloud(config, log, async (cloud) => {
        const { tenants, unreached } = await cloud.tenants.reached()
        return work(cloud.audit, tenants, unreached)
      }),
  })
  if (!isWhole) process.exitCode = exitCode.failed
}

/** Needs the database for itself where that is PGlite: then the console's pages, or the HTTP API of the running program, take the files. */
async function runCourier(config: CloudConfig, log: Log): Promise<void> {
  const { runCourierCommand } = await import('./courier-command.ts')
  const isAllDone = await withCloud(config, log, ({ courier }) =>
    runCourierCommand(process.argv.slice(3), { courier, tenant: config.tenant, print }),
  )
  if (!isAllDone) process.exitCode = exitCode.failed
}

/** Two weeks: an edge that is online hears of the new key within a minute, and one that is not takes it over when it is back. */
const graceDaysDefault = 14
const graceDaysMax = 365

/** Works on the folder for keys alone; processes that run take the new key over by themselves. */
async function rotateReceiptKey(config: CloudConfig): Promise<void> {
  const days = Number(process.argv[3] ?? graceDaysDefault)
  if (!(days >= 0 && days <= graceDaysMax))
    throw new OperationalError(
      `The grace is a number of days from 0 to ${graceDaysMax}; ${graceDaysDefault} when it is left out.`,
    )
  const { openKeys } = await import('./platform/keys.ts')
  const { receipts } = await openKeys(keysFolderOf(config))
  const { keyId, signsFrom } = await receipts.rotate(days * 24 * 3_600_000)
  process.stdout.write(
    `The key ${keyId} signs receipts from ${signsFrom} on. Edges are told of it from now on. Back up the folder for keys.\n`,
  )
}

function open(config: CloudConfig, log: Log) {
  return openBackend({
    url: config.database_url,
    directUrl: config.database_direct_url,
    folder: config.data,
    settings: config.database,
    // A database that is gone for good: whoever supervises the process starts it anew and sees why.
    onFailure: (error) => fail(error),
    onBrokenConnection: (error) => log.warn({ action: 'database.connection', success: false }, describeError(error)),
  })
}

/** Serves until it shall stop. What has been opened by then is closed in reverse order, also when it shall stop while it starts. */
async function serve(config: CloudConfig, log: Log): Promise<void> {
  let reason: string | undefined
  const stopped = untilStopped({ supervised: process.env['JIDOKA_SUPERVISED'] === '1' }).then((why) => (reason = why))
  // Stopping is under way at the second signal: a terminal and a supervisor may both send one.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
  const opened: (() => Promise<void>)[] = []
  try {
    await start(config, log, { opened, isStopping: () => reason !== undefined })
    log.info({ action: 'stop' }, `stopping after ${await stopped}`)
  } finally {
    for (const close of opened.toReversed()) await close()
  }
  process.exit(0)
}

interface Starting {
  /** What closes each of what is open. */
  readonly opened: (() => Promise<void>)[]
  readonly isStopping: () => boolean
}

/** Step by step; none is begun once the program shall stop. */
async function start(config: CloudConfig, log: Log, starting: Starting): Promise<void> {
  const { opened, isStopping } = starting
  if (isStopping()) return
  for (const sentence of [...clearWays(config), ...oneAddressForAll(config)]) log.warn({ action: 'start' }, sentence)
  // PGlite opens in a thread of its own, which takes as long as reading the program does here.
  const [backend, { openCloud }, { HttpServer }] = await Promise.all([
    openMigrated(config, log, starting),
    import('./cloud.ts'),
    import('./platform/http/server.ts'),
  ])
  if (!backend.profile.commitSurvivesPowerLoss) {
    log.warn(
      'The database is PGlite, which does not force commits to the disk: a power cut can take the last seconds. Edges keep what they sent and send it again. For production set DATABASE_URL to a PostgreSQL server.',
    )
  }
  if (!backend.profile.sharedWithOthers && !hasAllModules(config.modules)) {
    log.warn(
      'Some modules run elsewhere, and the database is PGlite, which no other process can open: they see nothing of this one. Set DATABASE_URL to the PostgreSQL server of all of them.',
    )
  }
  if (isStopping()) return
  const cloud = await openCloud({
    config: { ...config, console: config.console ?? builtConsole },
    backend,
    clock: systemClock,
    log,
  })
  opened.push(() => cloud.stop())
  // At once: it is in the database now, and the next start cannot say it.
  if (cloud.firstAdmin !== null) {
    const { login, password } = cloud.firstAdmin
    process.stderr.write(`\nFirst sign-in: name "${login}", password "${password}". It is shown this once.\n\n`)
  }
  if (isStopping()) return
  const server = new HttpServer(cloud.app, config.http)
  await server.start()
  opened.push(async () => {
    cloud.leave()
    await server.leave(config.http.leave_s)
    cloud.drain()
    await server.stop()
  })
  if (isStopping()) return
  process.stdout.write(`${JSON.stringify({ ready: true, http: server.url })}\n`)
  await cloud.tracing.open()
}

async function openMigrated(config: CloudConfig, log: Log, { opened, isStopping }: Starting): Promise<Backend> {
  const backend = await open(config, log)
  opened.push(() => backend.close())
  if (config.migrate_at_start && !isStopping()) {
    for (const name of await bringUpToDate(backend.pool))
      log.info({ action: 'migrate', success: true }, `applied ${name}`)
  }
  return backend
}

/** The last word of the program: a sentence for what an operator can mend, a stack for a mistake of ours. */
function fail(error: unknown): never {
  const isOurs = !(error instanceof OperationalError)
  process.stderr.write(`${describeError(error)}\n${isOurs && error instanceof Error ? `${error.stack}\n` : ''}`)
  process.exit(error instanceof ConfigError ? exitCode.wrongConfig : exitCode.failed)
}

// A supervisor that is gone reads no log; that must not end the program before it has stopped in order.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (!isErrno(error, 'EPIPE')) throw error
  })
}

await main().catch(fail)
