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
import { openCloud } from './cloud.ts'
import { readConfig } from './config.ts'
import { runCourierCommand } from './courier-command.ts'
import type { CloudConfig } from './config.ts'
import { runMigrateCommand } from './migrate.ts'
import { AuditKey } from './modules/audit/audit-key.ts'
import { runAuditCommand } from './modules/audit/audit-command.ts'
import { clearWays } from './platform/clear-ways.ts'
import { oneAddressForAll } from './platform/http/one-address.ts'
import { allMigrations, bringUpToDate, openBackend } from './platform/db/open.ts'
import { HttpServer } from './platform/http/server.ts'
import { openKeys } from './platform/keys.ts'
import { hasAllModules } from './platform/remote/module-names.ts'
import { takeModulesFlag } from './platform/remote/modules-flag.ts'
import { runSecretsCommand } from './platform/secrets/secrets-command.ts'
import { openMasterKeys } from './platform/secrets/settings.ts'
import { otherDatabases } from './platform/tenancy/settings.ts'
import { runTenantCommand } from './platform/tenancy/tenant-command.ts'

// The composition root. stdout: the one line that says ready, and what commands print. stderr: the log.

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
  if (command === 'secrets') return runSecrets(config, log)
  if (command === 'audit') return runAudit(config, log)
  if (command === 'tenant') return runTenant(config, log)
  if (command !== 'migrate')
    throw new OperationalError(
      `"${command}" is not a command. Without one the program serves; "migrate" works on its database, "courier" reads and writes courier files, "rotate-receipt-key" makes the next key for receipts, "secrets" changes the master key, "audit" verifies and exports the audit log, "tenant" makes tenants and moves them between databases.`,
    )
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

async function runTenant(config: CloudConfig, log: Log): Promise<void> {
  const backend = await open(config, log)
  try {
    const cloud = await openCloud({ ...forCommand(config), backend, clock: systemClock, log })
    try {
      const print = (line: string) => void process.stdout.write(`${line}\n`)
      if (!(await runTenantCommand(process.argv.slice(3), { desk: cloud.tenants, print })))
        process.exitCode = exitCode.failed
    } finally {
      await cloud.stop()
    }
  } finally {
    await backend.close()
  }
}

/** A command does what it was asked to, and ends: jobs and events are for processes that stay. */
const forCommand = (config: CloudConfig) => ({
  config: { ...config, jobs: { ...config.jobs, work: false } },
  isCommand: true,
})

/** Works on the master keys; on the database, which is opened for it, when secrets are rewrapped. */
async function runSecrets(config: CloudConfig, log: Log): Promise<void> {
  const folder = config.keys ?? join(config.data, 'keys')
  await openKeys(folder)
  const isAllDone = await runSecretsCommand(process.argv.slice(3), {
    masterKeys: openMasterKeys(config.secrets, folder, systemClock),
    print: (line) => void process.stdout.write(`${line}\n`),
    withRewrapper: async (work) => {
      const backend = await open(config, log)
      try {
        const cloud = await openCloud({ ...forCommand(config), backend, clock: systemClock, log })
        try {
          return await work(cloud.rewrapper)
        } finally {
          await cloud.stop()
        }
      } finally {
        await backend.close()
      }
    },
  })
  if (!isAllDone) process.exitCode = exitCode.failed
}

/** Needs the database for itself where that is PGlite, as a courier does; what has been exported is checked without one. */
async function runAudit(config: CloudConfig, log: Log): Promise<void> {
  const isWhole = await runAuditCommand(process.argv.slice(3), {
    tenant: config.tenant,
    print: (line) => void process.stdout.write(`${line}\n`),
    publicKey: async () => new AuditKey((await openKeys(config.keys ?? join(config.data, 'keys'))).audit).publicKeyText,
    withChain: async (work) => {
      const backend = await open(config, log)
      try {
        const cloud = await openCloud({ ...forCommand(config), backend, clock: systemClock, log })
        try {
          const { tenants, unreached } = await cloud.tenants.reached()
          return await work(cloud.audit, tenants, unreached)
        } finally {
          await cloud.stop()
        }
      } finally {
        await backend.close()
      }
    },
  })
  if (!isWhole) process.exitCode = exitCode.failed
}

/** Needs the database for itself where that is PGlite: then the console's pages, or the HTTP API of the running program, take the files. */
async function runCourier(config: CloudConfig, log: Log): Promise<void> {
  const backend = await open(config, log)
  try {
    const cloud = await openCloud({ ...forCommand(config), backend, clock: systemClock, log })
    const print = (line: string) => void process.stdout.write(`${line}\n`)
    try {
      const isAllDone = await runCourierCommand(process.argv.slice(3), {
        courier: cloud.courier,
        tenant: config.tenant,
        print,
      })
      if (!isAllDone) process.exitCode = exitCode.failed
    } finally {
      await cloud.stop()
    }
  } finally {
    await backend.close()
  }
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
  const { receipts } = await openKeys(config.keys ?? join(config.data, 'keys'))
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

/** Step by step; none is begun once the program shall stop. */
async function start(
  config: CloudConfig,
  log: Log,
  { opened, isStopping }: { opened: (() => Promise<void>)[]; isStopping: () => boolean },
): Promise<void> {
  if (isStopping()) return
  for (const sentence of [...clearWays(config), ...oneAddressForAll(config)]) log.warn({ action: 'start' }, sentence)
  const backend = await open(config, log)
  opened.push(() => backend.close())
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
  if (config.migrate_at_start) {
    for (const name of await bringUpToDate(backend.pool))
      log.info({ action: 'migrate', success: true }, `applied ${name}`)
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
