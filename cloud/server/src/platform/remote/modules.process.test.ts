import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cloudPaths, dashboardSchema } from '@jidoka/contract'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { postgresIsMissing, postgresServer } from '../../testing/stores.ts'
import type { PostgresServer, TestStore } from '../../testing/stores.ts'
import type { Loose } from '../../testing/world.ts'
import { ruleOf } from '../../testing/world.ts'
import { freePort } from '../../testing/free-port.ts'

/*
 * The program as two processes on one PostgreSQL: identity, fleet and the gateway in one, judgment and audit in the other. Goal: what people see through the
 * gateway is that of one program; when the second process dies at once, what it had is named and the rest goes on; when it is started again nothing has to be
 * done by hand. Really run: main.ts with --modules, SIGKILL, sockets, keys that both make at
 * their first start together, each the secret ones of its own modules in a folder of its own.
 */

const main = fileURLToPath(new URL('../../main.ts', import.meta.url))
const missing = postgresIsMissing()

describe.skipIf(missing !== null)(
  `modules in two processes${missing === null ? '' : ` (skipped: ${missing})`}`,
  { timeout: 60_000 },
  () => {
    let server: PostgresServer
    let store: TestStore
    let common: Record<string, string>
    let judgmentPort: number
    let front: { child: ChildProcess; url: string }
    let back: { child: ChildProcess; url: string }
    let token: string
    const folder = mkdtempSync(join(tmpdir(), 'jidoka-modules-'))
    const running = new Set<ChildProcess>()

    const start = async (modules: string, environment: Record<string, string>) => {
      const child = spawn(process.execPath, [main, `--modules=${modules}`], {
        env: {
          PATH: process.env['PATH'],
          NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
          ...common,
          ...environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      running.add(child)
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
      const url = await new Promise<string>((resolve, reject) => {
        let text = ''
        child.stdout.on('data', (chunk: Buffer) => {
          text += chunk.toString()
          const line = text.split('\n').find((each) => each.startsWith('{"ready":true'))
          if (line !== undefined) resolve((JSON.parse(line) as { http: string }).http)
        })
        child.once('exit', (code) => reject(new Error(`${modules} ended with ${code}: ${said}`)))
      })
      return { child, url }
    }
    const kill = async (child: ChildProcess) => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      running.delete(child)
    }
    const startBack = () =>
      start('judgment,audit', {
        JIDOKA_CLOUD_DATA: join(folder, 'back'),
        JIDOKA_CLOUD_MODULE_KEYS: join(folder, 'keys-of-back'),
        JIDOKA_CLOUD_HTTP_PORT: String(judgmentPort),
      })
    const ask = async (method: string, url: string, path: string, json?: unknown) => {
      const response = await fetch(new URL(path, url), {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'accept-language': 'en' },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      })
      return { status: response.status, body: (await response.json()) as Loose }
    }
    const dashboard = async () => dashboardSchema.parse((await ask('GET', front.url, cloudPaths.dashboard)).body.data)

    beforeAll(async () => {
      server = await postgresServer()
      store = await server.newStore()
      const [row] = (await store.backend.pool.query<{ name: string }>('select current_database() as name')).rows
      judgmentPort = await freePort()
      common = {
        DATABASE_URL: server.url(row?.name ?? ''),
        JIDOKA_CLOUD_KEYS: join(folder, 'keys'),
        JIDOKA_CLOUD_MODULE_PUBLIC_KEYS: join(folder, 'public'),
        JIDOKA_CLOUD_ADMIN_PASSWORD: 'correct horse battery',
        JIDOKA_CLOUD_LOG_LEVEL: 'warn',
      }
      const address = `http://127.0.0.1:${judgmentPort}`
      ;[front, back] = await Promise.all([
        start('identity,fleet,gateway', {
          JIDOKA_CLOUD_DATA: join(folder, 'front'),
          JIDOKA_CLOUD_MODULE_KEYS: join(folder, 'keys-of-front'),
          JIDOKA_CLOUD_HTTP_PORT: '0',
          JIDOKA_CLOUD_JUDGMENT_URL: address,
          JIDOKA_CLOUD_AUDIT_URL: address,
        }),
        startBack(),
      ])
      const response = await fetch(new URL(cloudPaths.login, front.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ login: 'admin', password: 'correct horse battery' }),
      })
      token = ((await response.json()) as Loose).data.access_token
    })
    afterAll(async () => {
      for (const child of running) await kill(child)
      await store.close()
      await server.end()
      rmSync(folder, { recursive: true })
    })

    it('a person who is signed in at one is known to the other, and the dashboard shows what both have', async () => {
      const definition = ruleOf()
      // Through the gateway, and at the process itself.
      const saved = await ask('PUT', front.url, '/api/v1/rules/press-temperature', { definition, based_on_version: 0 })
      expect(saved.status).toBe(200)
      const judged = await ask('POST', back.url, cloudPaths.judgmentExecute, {
        workflow_id: 'press-temperature',
        input: { value: 95 },
      })
      expect(judged.body.data.status).toBe('HIGH')
      // A part has two seconds of the clock of its process: on a machine that stands still for them it is late, and asked for again.
      let shown = await dashboard()
      await vi.waitUntil(async () =>
        (shown = await dashboard()).unavailable.every(({ reason }) => reason === 'not_installed'),
      )
      const { judgments, fleet, audit, unavailable } = shown
      expect([judgments?.length, judgments?.[0]?.status, fleet?.online, audit?.unsealed !== undefined]).toEqual([
        1,
        'HIGH',
        0,
        true,
      ])
      expect(unavailable.map(({ reason }) => reason)).toEqual(['not_installed', 'not_installed'])
    })

    it('the death of one is named at once in the dashboard, the rest goes on, and it is back when it is started again', async () => {
      await kill(back.child)
      const without = await dashboard()
      expect(without).toMatchObject({ judgments: null, audit: null, fleet: { online: 0 } })
      expect(without.unavailable.map(({ module, reason }) => `${module} ${reason}`)).toEqual([
        'judgment down',
        'bi not_installed',
        'workflow not_installed',
        'audit down',
      ])
      expect((await ask('GET', front.url, cloudPaths.edges)).status).toBe(200)
      const page = await ask('GET', front.url, cloudPaths.judgmentRecent)
      expect([page.status, page.body.kind]).toEqual([503, 'unavailable'])
      expect((await ask('GET', front.url, '/ready')).body.status).toBe('ok')
      back = await startBack()
      await vi.waitFor(async () =>
        expect(await dashboard()).toMatchObject({
          judgments: [{ status: 'HIGH' }],
          audit: { key_id: expect.any(String) },
        }),
      )
    })
  },
)
