import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, vi } from 'vitest'
import { runMesCases } from './mes-cases.ts'

/** Starts databases or programs, which takes seconds each, and many times that on a machine that is busy with other tests. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const bin = '/usr/lib/postgresql/15/bin'

describe.skipIf(!existsSync(join(bin, 'pg_ctl')))(
  'with the PostgreSQL 15 of Debian (skipped where it is not installed)',
  () => {
    let folder: string

    /** PostgreSQL refuses to run as root. */
    const run = (program: string, ...args: string[]): void => {
      const asPostgres =
        process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : []
      const [command = '', ...rest] = [...asPostgres, join(bin, program), ...args]
      execFileSync(command, rest, { stdio: 'ignore', cwd: folder })
    }

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'jidoka-mes-pg-'))
      if (process.getuid?.() === 0) {
        const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
        chownSync(folder, id('-u'), id('-g'))
      }
      run('initdb', '-D', join(folder, 'data'), '-A', 'trust', '-U', 'postgres', '--no-sync')
      // Port by the test's own process: two of these never meet, and a taken one is a red test that says so.
      const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off`
      run('pg_ctl', '-D', join(folder, 'data'), '-w', '-o', options, '-l', join(folder, 'log'), 'start')
    })
    afterAll(() => {
      run('pg_ctl', '-D', join(folder, 'data'), '-m', 'immediate', '-w', 'stop')
      rmSync(folder, { recursive: true })
    })

    const port = 20_000 + (process.pid % 10_000)
    runMesCases('PostgreSQL 15', () => `postgres://postgres@127.0.0.1:${port}/postgres`)
  },
)
