/**
 * `npm start`: the plant simulator, the edge and the cloud as three processes under one small supervisor.
 * `--reset` asks, clears, and starts anew (`--yes` answers), `--data <folder>` puts the data elsewhere.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeError, isErrno, lockFolder } from '@jidoka/base'
import { deployPlant, isSetUp, prepareEnrolment } from './enrol.ts'
import { cloudPlan, devicesFiles, edgePlan, simulatorPlan, wantedPorts } from './plant.ts'
import type { Places, PortName, Ports } from './plant.ts'
import { choosePort } from './ports.ts'
import { reset } from './reset.ts'
import { signInFile, signInOf } from './sign-in.ts'
import { summary } from './summary.ts'
import { ProgramEndedError, SupervisedProgram } from './supervised-program.ts'
import type { ProgramPlan, Ready } from './supervised-program.ts'

const startedMs = performance.now()
const root = fileURLToPath(new URL('../..', import.meta.url))
const say = (sentence: string) => console.log(`  ${sentence}`)

/** In the order of their start; stopped so that nothing is asked of one that has gone: devices, edge, cloud. */
const running: SupervisedProgram[] = []
const stopOrder = ['simulator', 'edge', 'cloud']
let stopping: Promise<void> | null = null

function stopAll(reason: string): Promise<void> {
  stopping ??= (async () => {
    console.log(`\n  ${reason}: stopping in order`)
    for (const name of stopOrder) {
      const program = running.find((each) => each.plan.name === name)
      if (!program) continue
      await program.stop()
      say(`✓ ${name} stopped`)
    }
  })()
  return stopping
}

async function end(reason: string, exitCode: number): Promise<never> {
  await stopAll(reason)
  process.exit(exitCode)
}

function run(plan: ProgramPlan): Promise<Ready> {
  const program = new SupervisedProgram(plan, {
    say: (sentence) => say(`! ${sentence}`),
    onGivenUp: (error) => void fail(error),
  })
  // Between Ctrl-C and now: nothing would stop it any more.
  if (stopping) return Promise.reject(new Error('stopping'))
  running.push(program)
  return program.start()
}

async function timed<Result>(step: string, work: () => Promise<Result>): Promise<Result> {
  const fromMs = performance.now()
  say(`… ${step}`)
  const result = await work()
  say(`✓ ${step} (${((performance.now() - fromMs) / 1000).toFixed(1)} s)`)
  return result
}

async function fail(error: unknown): Promise<never> {
  if (isErrno(error, 'ENOSPC'))
    console.error('\n  The disk is full. Free some space and start again; nothing was lost.')
  else console.error(`\n  ${describeError(error)}`)
  if (error instanceof ProgramEndedError && error.lastWords)
    console.error(`    ${error.lastWords.replaceAll('\n', '\n    ')}`)
  return await end('The plant cannot run', 1)
}

async function choosePorts(): Promise<Ports> {
  const chosen: Partial<Record<PortName, number>> = {}
  for (const [name, wanted] of Object.entries(wantedPorts) as [PortName, number][]) {
    const { port, taken } = await choosePort(wanted)
    if (taken !== null) say(`! port ${taken} (${name}) is taken by another program; ${port} is used instead`)
    chosen[name] = port
  }
  return chosen as Ports
}

function makeDevices(places: Places): void {
  const files = devicesFiles(places)
  const argv = ['edge/simulator/src/main.ts', 'devices', '--edge-file', files.edge, '--simulator-file', files.simulator]
  execFileSync(process.execPath, argv, { cwd: places.root, stdio: ['ignore', 'ignore', 'inherit'] })
}

async function start(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      reset: { type: 'boolean' },
      yes: { type: 'boolean' },
      data: { type: 'string', default: join(root, 'data') },
    },
  })
  const places: Places = { root, data: resolve(options.data) }
  if (options.reset && !(await reset(places.data, { yes: options.yes ?? false }))) process.exit(1)

  mkdirSync(join(places.data, 'logs'), { recursive: true, mode: 0o700 })
  process.on('exit', lockFolder(places.data))
  const signIn = signInOf(join(places.data, signInFile))
  const ports = await choosePorts()
  const cloudUrl = `http://127.0.0.1:${ports.cloud}`
  const mesUrl = `postgres://postgres:postgres@127.0.0.1:${ports.mes}/postgres`
  const first = !isSetUp(places)
  if (first) makeDevices(places)

  const simulator = timed('plant simulator', () => run(simulatorPlan(places, ports)))
  const cloud = timed(first ? 'cloud (its database is made at the first start)' : 'cloud', () =>
    run(cloudPlan(places, ports, signIn)),
  )
  if (first) {
    await Promise.all([simulator, cloud])
    const enrolment = await prepareEnrolment(cloudUrl, signIn)
    await timed('edge', () => run(edgePlan(places, ports, signIn, mesUrl, enrolment.token)))
    await timed('edge enrolled, rules of the plant deployed', () => deployPlant(enrolment, places))
  } else {
    await Promise.all([simulator, cloud, timed('edge', () => run(edgePlan(places, ports, signIn, mesUrl, null)))])
  }
  console.log(summary(places, ports, signIn, performance.now() - startedMs))
}

let asked = 0
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    asked++
    if (asked > 1) {
      say('! ended by force')
      for (const program of running) program.kill()
      process.exit(1)
    }
    void end(signal === 'SIGINT' ? 'Ctrl-C' : signal, 0)
  })
}

try {
  await start()
} catch (error) {
  if (!stopping) await fail(error)
}
