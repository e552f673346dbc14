import { ConfigError, createLog, describeError, OperationalError } from '@jidoka/base'
import { isCommand, runCommand } from './cli.ts'
import { simulatorConfig } from './config.ts'
import { startSimulator } from './run.ts'

/** 10 s: the MES writes its last rows within one; a supervisor that waits longer would rather kill. */
const stopMsMax = 10_000

async function run(): Promise<void> {
  const config = simulatorConfig(process.env)
  const log = createLog('simulator', { level: config.log_level, destination: process.stderr })
  const simulator = await startSimulator(config, log)
  process.stdout.write(`${JSON.stringify({ ready: true, ...simulator.addresses })}\n`)
  log.info({ ...simulator.addresses, mes: undefined }, 'the plant runs')

  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'stopping')
    setTimeout(() => fail(new OperationalError('The simulator did not stop in time and is ended.')), stopMsMax).unref()
    simulator.stop().then(() => process.exit(0), fail)
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

/** The last word of the program: sentences for what a person can mend, a trace for what we must. */
function fail(error: unknown): never {
  const known = error instanceof OperationalError
  process.stderr.write(`${known ? describeError(error) : error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(error instanceof ConfigError ? 2 : 1)
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
