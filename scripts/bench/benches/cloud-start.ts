import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { PostgresServer } from '../../../cloud/server/src/testing/stores.ts'
import type { BenchRow } from '../harness.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Starts of a cloud that has been there before: its database is up to date, its keys are made, and its sources were compiled once. */
export function startRows(server: PostgresServer): { rows: BenchRow[]; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-bench-start-'))
  const again = (settings: () => Promise<Readonly<Record<string, string>>>) => {
    let before: Promise<Readonly<Record<string, string>>> | undefined
    return async () => {
      before ??= settings().then(async (given) => {
        await startOnce(given)
        return given
      })
      return startOnce(await before)
    }
  }
  const onPglite = again(() => Promise.resolve({ JIDOKA_CLOUD_DATA: join(folder, 'pglite') }))
  const onPostgres = again(async () => {
    await server.admin('create database bench_start template template_migrated')
    return { JIDOKA_CLOUD_DATA: join(folder, 'postgres'), DATABASE_URL: server.url('bench_start') }
  })
  return {
    rows: [
      { name: 'start to ready on PGlite that is opened again, s', unit: 's', subject: onPglite },
      { name: 'start to ready on PostgreSQL, s', unit: 's', subject: onPostgres },
    ],
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Seconds from the start of the process until it says that it is ready. */
async function startOnce(settings: Readonly<Record<string, string>>): Promise<number> {
  const fromMs = performance.now()
  const child = spawn(process.execPath, ['cloud/server/src/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      // As all launchers have it.
      NODE_COMPILE_CACHE: join(root, '.jidoka', 'compile-cache'),
      JIDOKA_CLOUD_HTTP_PORT: '0',
      JIDOKA_CLOUD_ADMIN_PASSWORD: 'correct horse battery',
      JIDOKA_CLOUD_LOG_LEVEL: 'error',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await Promise.race([
    new Promise<void>((resolve, reject) =>
      createInterface({ input: child.stdout }).once('line', (line) => {
        if (isReady(line)) resolve()
        else reject(new Error(`the cloud did not say that it is ready, but ${line}`))
      }),
    ),
    ended.then((code) => Promise.reject(new Error(`the cloud ended with ${code}`))),
  ])
  const tookS = (performance.now() - fromMs) / 1_000
  child.kill('SIGTERM')
  await ended
  return tookS
}

function isReady(line: string): boolean {
  try {
    return (JSON.parse(line) as { readonly ready?: unknown }).ready === true
  } catch {
    return false // SyntaxError: some other sentence
  }
}
