import { spawn } from 'node:child_process'

export interface PlantProcess {
  readonly board: string
  readonly console: string
  readonly simulator: string
  readonly login: string
  readonly password: string
  readonly startedInS: number
  readonly dataFolder: string
  /** All that was printed until now. */
  said(): string
  stop(): Promise<void>
}

/** A first start brings a Node and packages and makes a database; five minutes allow for a slow line. */
const startWithinMs = 300_000

/** Runs `npm start` as a person does, with nothing but a system's environment, and reads what it prints. */
export function startPlant(clone: string): Promise<PlantProcess> {
  const fromMs = performance.now()
  const environment = Object.fromEntries(
    ['PATH', 'HOME', 'LANG', 'NODE_EXTRA_CA_CERTS', 'HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, name === 'PATH' ? systemPath() : process.env[name]]],
    ),
  )
  const child = spawn('npm', ['start'], {
    cwd: clone,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  // npm passes Ctrl-C on, waits for its child, and then ends by the signal itself.
  const ended = new Promise<string | number | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal === 'SIGINT' ? 0 : (code ?? signal))),
  )
  const interrupt = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal)
  }

  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      interrupt('SIGINT')
      reject(new Error(`npm start did not come up within ${startWithinMs / 1000} s:\n${output}`))
    }, startWithinMs)
    let up = false
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const found = up ? null : readSummary(output)
      if (!found) return
      up = true
      clearTimeout(late)
      resolve({
        ...found,
        startedInS: (performance.now() - fromMs) / 1000,
        said: () => output,
        stop: async () => {
          const before = output.length
          interrupt('SIGINT')
          const code = await ended
          const rest = output.slice(before)
          if (code !== 0) throw new Error(`npm start ended with exit code ${code}:\n${rest}`)
          const order = [...rest.matchAll(/✓ (\w+) stopped/g)].map((match) => match[1])
          if (order.join() !== 'simulator,edge,cloud')
            throw new Error(`the order of stopping was ${order.join(', ')}:\n${rest}`)
        },
      })
    })
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('exit', (code) => {
      clearTimeout(late)
      reject(new Error(`npm start ended with exit code ${code}:\n${output}`))
    })
  })
}

/** The Node that this script runs on comes first in PATH; the newcomer has only the system's. */
function systemPath(): string {
  return (process.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => !folder.includes('.jidoka') && !folder.includes('node_modules'))
    .join(':')
}

function readSummary(output: string): Omit<PlantProcess, 'startedInS' | 'said' | 'stop'> | null {
  if (!output.includes('Ctrl-C stops everything in order')) return null
  const find = (pattern: RegExp) => {
    const [, found] = pattern.exec(output) ?? []
    if (found === undefined) throw new Error(`the summary does not say ${pattern}:\n${output}`)
    return found
  }
  return {
    board: find(/Board of the plant\s+(http:\S+)/),
    console: find(/Console of the cloud\s+(http:\S+)/),
    simulator: find(/wear a bearing on (http:\S+)/),
    dataFolder: find(/Data, logs, keys\s+(\S+)/),
    login: find(/Sign in to both as\s+(\S+)/),
    password: find(/Sign in to both as\s+\S+ \/ (\S+)/),
  }
}
