import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A pgBouncer in transaction mode in front of the server of a test: a connection is another one at each transaction. Where PGBOUNCER names its program. */
export interface Pgbouncer {
  readonly port: number
  end(): Promise<void>
}

/** Users of the tests; the server takes them without a password. */
const users = ['postgres', 'plain', 'lonely']

export const pgbouncerProgram = (): string | null => {
  const program = process.env['PGBOUNCER']
  if (program === undefined) return null
  if (!existsSync(program)) throw new Error(`PGBOUNCER names ${program}, which is not there`)
  return program
}

export async function startPgbouncer(options: {
  program: string
  folder: string
  serverPort: number
  port: number
}): Promise<Pgbouncer> {
  const { program, folder, serverPort, port } = options
  const names = join(folder, 'pgbouncer-users')
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(names, users.map((user) => `"${user}" ""\n`).join(''), { mode: 0o644 })
  writeFileSync(
    settings,
    `[databases]
* = host=127.0.0.1 port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${names}
pool_mode = transaction
max_client_conn = 1000
default_pool_size = 8
server_idle_timeout = 2
max_prepared_statements = 200
`,
    { mode: 0o644 },
  )
  // It too refuses to run as root.
  const [command, ...args] =
    process.getuid?.() === 0
      ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', program, settings]
      : [program, settings]
  const child = spawn(command ?? program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 10_000) said += chunk.toString()
      if (said.includes('process up')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`pgbouncer ended with ${code}: ${said}`)))
  })
  return {
    port,
    end: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}
