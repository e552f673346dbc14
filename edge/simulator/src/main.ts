import { ConfigError, createLog, describeError, isErrno, OperationalError, untilStopped } from '@jidoka/base'
import { isCommand, runCommand } from './cli.ts'
import { simulatorConfig } from './config.ts'
import { startSimulator } from './run.ts'

/** 10 s: the MES writes its last rows within one; a supervisor that waits longer would rather kill. */
const stopMsMax = 10_000

async function run(): Promise<void> {
  const config = simulatorConfig(process.env)
  const log = createLog('simulator', { level: config.log_level, destination: process.stderr })
  // Listened for from here on: a stop that comes during the start waits for its end, so that all is stopped in order.
  let reason: string | null = null
  const stopped = untilStopped({ supervised: process.env['JIDOKA_SUPERVISED'] === '1' }).then((why) => (reason = why))
  const simulator = await startSimulator(config, log)
  if (reason === null) {
    process.stdout.write(`${JSON.stringify({ ready: true, ...simulator.addresses })}\n`)
    log.info({ ...simulator.addresses, mes: undefined }, 'the plant runs')
  }
  log.info({ reason: await stopped }, 'stopping')
  setTimeout(() => fail(new OperationalError('The simulator did not stop in time and is ended.')), stopMsMax).unref()
  await simulator.stop()
  process.exit(0)
}

/** The last word of the program: sentences for what a person can mend, a trace for what we must. */
function fail(error: unknown): never {
  const known = error instanceof OperationalError
  process.stderr.write(`${known ? describeError(error) : error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(error instanceof ConfigError ? 2 : 1)
}

// A supervisor that has gone reads no log any more; that is no reason to end before everything is stopped in order.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (!isErrno(error, 'EPIPE')) throw error
  })
}

const [command, ...rest] = process.argv.slice(2)
if (command === undefined) run().catch(fail)
else if (isCommand(command)) {
  const url = process.env['JIDOKA_SIMULATOR_URL']
  runCommand(command, rest, { out: process.stdout, ...(url === undefined ? {} : { url }) }).then(
    (code) => process.exit(code),
    fail,
  )
} else
  fail(new OperationalError(`There is no command "${command}". "help" lists them; without one the simulator runs.`))
