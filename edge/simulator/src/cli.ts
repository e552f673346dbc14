import { parseArgs } from 'node:util'
import { describeError, OperationalError } from '@jidoka/base'
import { faultKindSchema, faultSchema, fill, plantStateSchema, simulatorPaths } from '@jidoka/contract'
import type { Fault, newFaultSchema } from '@jidoka/contract'
import { z } from 'zod'
import { desiredItems } from './desired/desired.ts'
import { writeDeviceFiles } from './devices/credentials.ts'
import { hanbit } from './plant/hanbit.ts'

const help = `Usage: simulator [command]

Without a command the plant runs; its settings come from JIDOKA_SIMULATOR_* and the file in JIDOKA_SIMULATOR_CONFIG.

  desired                               the edge's desired items for this plant, as JSON
  devices --edge-file F --simulator-file G [--seed N]
                                        accounts of the devices: hashes for the edge, secrets for the simulator;
                                        --seed makes the secrets repeatable, for test rigs only
  state                                 what the plant does now
  speed [--speed N] [--readings-per-s N]
  fault <kind> [--target T] [--duration-s N] [--severity 0..1]
  faults                                what runs, and what could be hit
  clear <id|all>
  help

state, speed, fault, faults and clear talk to a running simulator: --url, or JIDOKA_SIMULATOR_URL, or http://127.0.0.1:8090.
`

interface Output {
  readonly out: { write(text: string): unknown }
  /** Of the running simulator. */
  readonly url?: string
}

type Command = (args: string[], output: Output) => Promise<void>

const commands: Readonly<Record<string, Command>> = {
  async desired(args, { out }) {
    parseArgs({ args, options: {} })
    out.write(`${JSON.stringify(desiredItems(), null, 2)}\n`)
  },
  async devices(args, { out }) {
    const { values } = parseArgs({
      args,
      options: { 'edge-file': { type: 'string' }, 'simulator-file': { type: 'string' }, seed: { type: 'string' } },
    })
    const edge = values['edge-file']
    const simulator = values['simulator-file']
    if (edge === undefined || simulator === undefined)
      throw new OperationalError('"devices" needs --edge-file and --simulator-file.')
    const seed = values.seed === undefined ? undefined : numberOf('--seed', values.seed)
    const { made, kept } = writeDeviceFiles(hanbit, { edge, simulator }, seed)
    out.write(`${JSON.stringify({ made, kept })}\n`)
  },
  async state(args, output) {
    const { values } = parseArgs({ args, options: { url: { type: 'string' } } })
    const { targets: _, ...state } = await call(output, values.url, 'GET', simulatorPaths.state, plantStateSchema)
    output.out.write(`${JSON.stringify(state, null, 2)}\n`)
  },
  async speed(args, output) {
    const { values } = parseArgs({
      args,
      options: { url: { type: 'string' }, speed: { type: 'string' }, 'readings-per-s': { type: 'string' } },
    })
    const rate = values['readings-per-s']
    const pace = {
      ...(values.speed === undefined ? {} : { speed: numberOf('--speed', values.speed) }),
      ...(rate === undefined ? {} : { readings_per_s: numberOf('--readings-per-s', rate) }),
    }
    const state = await call(output, values.url, 'PUT', simulatorPaths.speed, plantStateSchema, pace)
    output.out.write(`speed ${state.speed}, ${state.readings_per_s} readings/s\n`)
  },
  async fault(args, output) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        url: { type: 'string' },
        target: { type: 'string' },
        'duration-s': { type: 'string' },
        severity: { type: 'string' },
      },
    })
    const kind = faultKindSchema.safeParse(positionals[0])
    if (!kind.success) throw new OperationalError(`"fault" needs one of: ${faultKindSchema.options.join(', ')}.`)
    const duration = values['duration-s']
    const request: z.input<typeof newFaultSchema> = {
      kind: kind.data,
      ...(values.target === undefined ? {} : { target: values.target }),
      ...(duration === undefined ? {} : { duration_s: numberOf('--duration-s', duration) }),
      ...(values.severity === undefined ? {} : { severity: numberOf('--severity', values.severity) }),
    }
    const fault = await call(output, values.url, 'POST', simulatorPaths.faults, faultSchema, request)
    output.out.write(`${faultLine(fault)}\n`)
  },
  async faults(args, output) {
    const { values } = parseArgs({ args, options: { url: { type: 'string' } } })
    const state = await call(output, values.url, 'GET', simulatorPaths.state, plantStateSchema)
    output.out.write(state.faults.length === 0 ? 'No fault runs.\n' : `${state.faults.map(faultLine).join('\n')}\n`)
    for (const [kind, targets] of Object.entries(state.targets)) {
      const more = targets.length > 4 ? `, ... (${targets.length})` : ''
      output.out.write(`  ${kind.padEnd(13)} ${targets.slice(0, 4).join(', ') || 'not to be had here'}${more}\n`)
    }
  },
  async clear(args, output) {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { url: { type: 'string' } } })
    const [id] = positionals
    if (id === undefined) throw new OperationalError('"clear" needs the id of a fault, or "all". "faults" lists them.')
    const path = id === 'all' ? simulatorPaths.faults : fill(simulatorPaths.fault, { id })
    await call(output, values.url, 'DELETE', path, z.unknown())
    output.out.write('Taken back.\n')
  },
  async help(_, { out }) {
    out.write(help)
  },
}

export const isCommand = (name: string): boolean => Object.hasOwn(commands, name)

/** Runs a command; resolves to the exit code. Throws an OperationalError with a sentence for what a person can mend. */
export async function runCommand(name: string, args: string[], output: Output): Promise<number> {
  const command = commands[name]
  if (command === undefined) throw new OperationalError(`There is no command "${name}". "help" lists them.`)
  try {
    await command(args, output)
    return 0
  } catch (error) {
    // node:util's own complaints about arguments are sentences already.
    if (error instanceof TypeError && 'code' in error)
      throw new OperationalError(`${error.message}. "help" lists what there is.`, { cause: error })
    throw error
  }
}

const faultLine = (fault: Fault): string =>
  `${fault.id}  ${fault.kind}  ${fault.target ?? ''}  ${fault.until === null ? 'until taken back' : `until ${fault.until}`}`

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value))
    throw new OperationalError(`${name} needs a number, and "${text}" is none.`)
  return value
}

async function call<Schema extends z.ZodType>(
  output: Output,
  url: string | undefined,
  method: string,
  path: string,
  schema: Schema,
  body?: unknown,
): Promise<z.output<Schema>> {
  const base = url ?? output.url ?? 'http://127.0.0.1:8090'
  let response: Response
  try {
    const content =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    response = await fetch(new URL(path, base), { method, signal: AbortSignal.timeout(10_000), ...content })
  } catch (cause) {
    throw new OperationalError(
      `No simulator answers at ${base}: ${describeError(cause)}. Start it, or name it with --url.`,
      { cause },
    )
  }
  if (response.status === 204) return schema.parse(null)
  const answer = z.object({ data: z.unknown().optional(), detail: z.string().optional() }).parse(await response.json())
  if (!response.ok) throw new OperationalError(answer.detail ?? `The simulator answered ${response.status}.`)
  return schema.parse(answer.data)
}
