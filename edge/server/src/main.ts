import { readFileSync } from 'node:fs'
import { ConfigError, createLog, isErrno, loadConfig, untilStopped } from '@jidoka/base'
import { startAppliance } from './appliance.ts'
import { LogRing } from './commands/bundle/log-ring.ts'
import { edgeConfigNames, edgeConfigSchema } from './config.ts'
import type { EdgeConfig } from './config.ts'
import { lastWord } from './start-errors.ts'

/**
 * The appliance as a process. stdout carries one line, when it is ready; stderr the log. Exit codes: 0 stopped in order,
 * 1 could not start or go on, 2 wrong configuration.
 */

/** 10 s to stop in order; a supervisor that waits longer is rare, and what is acknowledged is on disk in any case. */
const stopTimeMsMax = 10_000

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const config = readConfig()
const newestLines = new LogRing(process.stderr)
const log = createLog('edge', { level: config.log_level, destination: newestLines })
let isStopping = false

// A supervisor that has gone reads no log any more; to complain of that in the log would never end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (!isErrno(error, 'EPIPE')) throw error
  })
}
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)

// Before the start, so that a stop is in order from its first step on.
const stopped = untilStopped({ supervised: process.env['JIDOKA_SUPERVISED'] === '1' })
const starting = startAppliance({
  config,
  version,
  log,
  logText: () => newestLines.text(),
  onFirstPassword: showPassword,
  onFailure: fail,
})
void stopped.then((reason) => end(0, reason))
try {
  const { httpUrl, brokerUrls } = await starting
  if (!isStopping) {
    process.stdout.write(`${JSON.stringify({ ready: true, http: httpUrl, ...brokerUrls })}\n`)
    log.info({ action: 'start', http: httpUrl, ...brokerUrls, version }, 'the appliance is ready')
  }
} catch (error) {
  say(lastWord(error))
  process.exit(error instanceof ConfigError ? 2 : 1)
}

function readConfig(): EdgeConfig {
  try {
    return loadConfig(edgeConfigSchema, {
      environment: process.env,
      names: edgeConfigNames,
      file: process.env['JIDOKA_CONFIG'],
    })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    say(lastWord(error))
    return process.exit(2)
  }
}

async function end(code: number, reason: string): Promise<void> {
  if (isStopping) return
  isStopping = true
  setTimeout(() => {
    say(`The appliance did not stop within ${stopTimeMsMax / 1_000} s and ends now. What it acknowledged is on disk.`)
    process.exit(1)
  }, stopTimeMsMax).unref()
  log.info({ action: 'stop', reason }, 'stopping')
  // What is still starting comes to the end of its start first, so that all that it has made is stopped in order.
  const appliance = await starting
  await appliance.stop()
  log.info({ action: 'stop' }, 'stopped')
  process.exit(code)
}

/** Once a stop is under way nothing that breaks changes it: its time is bounded, and nobody may be left to read why. */
function fail(error: unknown): void {
  if (isStopping) return
  say(lastWord(error))
  void end(1, 'failure')
}

/** For the person at the terminal and the supervisor's log; one paragraph, no JSON. */
function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

function showPassword(login: string, password: string): void {
  const rule = '='.repeat(64)
  say(
    `\n${rule}\n  First start. Sign in at the on-site interface with\n\n      login     ${login}\n      password  ${password}\n\n  It is shown this once. Change it after signing in.\n${rule}\n`,
  )
}
