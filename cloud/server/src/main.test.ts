import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cloudPaths } from '@jidoka/contract'
import {
  cursorPath,
  encodeReadingsBatch,
  generateEdgeKey,
  protocolVersion,
  SegmentBuilder,
  signRequest,
  syncPaths,
} from '@jidoka/sync-protocol'
import type { Loose } from './testing/world.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

// The program as a process: what its operator and its supervisor see of it.

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

interface Running {
  ready: Promise<string>
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>
  kill(signal: NodeJS.Signals): void
  /** What a supervisor leaves behind that is killed: pipes that nobody holds the other end of. */
  abandon(): void
}

const running = new Set<Running>()

function start(environment: Record<string, string>, args: string[] = []): Running {
  const child = spawn(process.execPath, [main, ...args], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      JIDOKA_CLOUD_HTTP_PORT: '0',
      JIDOKA_CLOUD_ADMIN_PASSWORD: 'correct horse battery',
      JIDOKA_CLOUD_LOG_LEVEL: 'warn',
      ...environment,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const ready = Promise.withResolvers<string>()
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    const line = stdout.split('\n').find((each) => each.startsWith('{"ready":true'))
    if (line !== undefined) ready.resolve((JSON.parse(line) as { http: string }).http)
  })
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => {
      running.delete(program)
      ready.reject(new Error(`ended with ${code}: ${stderr}`))
      resolve({ code, stdout, stderr })
    })
  })
  ready.promise.catch(() => undefined)
  const program: Running = {
    ready: ready.promise,
    ended,
    kill: (signal) => void child.kill(signal),
    abandon: () => {
      for (const pipe of [child.stderr, child.stdout, child.stdin]) pipe.destroy()
    },
  }
  running.add(program)
  return program
}

describe('the program', { timeout: 60_000 }, () => {
  const folders: string[] = []
  const newFolder = () => {
    const folder = mkdtempSync(join(tmpdir(), 'jidoka-cloud-main-'))
    folders.push(folder)
    return folder
  }
  afterEach(async () => {
    for (const program of running) {
      program.kill('SIGKILL')
      await program.ended
    }
  })
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  it('says every mistake of its configuration and ends with 2', async () => {
    const file = join(newFolder(), 'cloud.json')
    writeFileSync(file, JSON.stringify({ http: { prot: 3000 }, tenat: 'x' }))
    const { code, stderr, stdout } = await start({ JIDOKA_CLOUD_CONFIG: file }).ended
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('"http.prot" is not a setting; did you mean "port"?')
    expect(stderr).toContain('"tenat" is not a setting; did you mean "tenant"?')
  })

  it('says that the database cannot be reached and ends with 1, without its password (I8)', async () => {
    const { code, stderr } = await start({
      DATABASE_URL: 'postgres://me:secret-word@127.0.0.1:1/jidoka',
      JIDOKA_CLOUD_DATA: newFolder(),
    }).ended
    expect(code).toBe(1)
    expect(stderr).toContain('The database jidoka at 127.0.0.1:1 cannot be used')
    expect(stderr).not.toContain('secret-word')
    expect(stderr).not.toContain('    at ')
  })

  it('says that a command is none and ends with 1', async () => {
    const { code, stderr } = await start({ JIDOKA_CLOUD_DATA: newFolder() }, ['migrat']).ended
    expect([code, stderr]).toEqual([
      1,
      '"migrat" is not a command. Without one the program serves; "migrate" works on its database, "courier" reads and writes courier files, "rotate-receipt-key" makes the next key for receipts, "rotate-module-key" the next one of a module, "secrets" changes the master key, "audit" verifies and exports the audit log, "tenant" makes tenants and moves them between databases.\n',
    ])
  })

  it('makes the next key for receipts without touching the database, and refuses a grace that is none', async () => {
    const keys = join(newFolder(), 'keys')
    const rotate = (...more: string[]) => start({ JIDOKA_CLOUD_KEYS: keys }, ['rotate-receipt-key', ...more]).ended
    const { code, stdout } = await rotate('3')
    expect([code, stdout]).toEqual([0, expect.stringContaining('signs receipts from')])
    expect(readdirSync(keys).filter((name) => name.startsWith('receipts'))).toHaveLength(2)
    expect((await rotate('soon')).stderr).toContain('The grace is a number of days from 0 to 365')
    expect((await rotate()).stderr).toContain('does not sign yet')
  })

  it('makes the keys of a module without touching the database, and says which half is for whom', async () => {
    const keys = join(newFolder(), 'keys')
    const rotate = (...more: string[]) => start({ JIDOKA_CLOUD_KEYS: keys }, ['rotate-module-key', ...more]).ended
    const first = await rotate('judgment')
    expect([first.code, first.stdout]).toEqual([0, expect.stringContaining('for the processes of judgment alone')])
    expect([readdirSync(join(keys, 'modules')), readdirSync(join(keys, 'modules', 'public'))]).toEqual([
      ['judgment.pem', 'public'],
      ['judgment.pem'],
    ])
    expect((await rotate('judgement')).stderr).toContain('A module is one of')
  })

  it('makes the next master key without touching the database, and rewraps with it', async () => {
    const data = newFolder()
    const secrets = (...argv: string[]) => start({ JIDOKA_CLOUD_DATA: data }, ['secrets', ...argv]).ended
    const rotated = await secrets('rotate-key')
    expect([rotated.code, rotated.stdout]).toEqual([0, expect.stringContaining('seals from now on')])
    expect(readdirSync(data)).toEqual(['keys'])
    const migrated = await start({ JIDOKA_CLOUD_DATA: data }, ['migrate']).ended
    expect(migrated.code).toBe(0)
    const rewrapped = await secrets('rewrap')
    expect([rewrapped.code, rewrapped.stdout]).toEqual([
      0,
      expect.stringContaining('Nothing is sealed by an older key'),
    ])
  })

  describe('on a folder of its own', () => {
    let folder: string
    let url: string
    let program: Running
    const { privateKey, publicKey } = generateEdgeKey()
    const epoch = randomUUID()
    let edgeId = ''
    let nextSeq = 1

    beforeAll(() => {
      folder = newFolder()
    })
    const begin = async () => {
      program = start({ JIDOKA_CLOUD_DATA: folder })
      url = await program.ready
    }
    const signed = async (method: string, path: string, body: Uint8Array<ArrayBuffer> = new Uint8Array(0)) => {
      const response = await fetch(url + path, {
        method,
        headers: signRequest({ method, path, body, edgeId, privateKey, nowMs: Date.now() }),
        ...(method === 'GET' ? {} : { body }),
      })
      return { status: response.status, body: (await response.json()) as Loose }
    }
    const batch = (fromSeq: number) => {
      const builder = new SegmentBuilder()
      for (let index = 0; index < 10; index++) builder.push(1, Date.now(), fromSeq + index, 'good')
      return encodeReadingsBatch({ edge_id: edgeId, epoch }, [builder.encode(fromSeq, Date.now())])
    }

    it('starts from nothing, says when it is ready, and warns that PGlite can lose the last seconds', async () => {
      await begin()
      expect((await fetch(`${url}/ready`)).status).toBe(200)
      program.kill('SIGTERM')
      const { code, stderr, stdout } = await program.ended
      expect(code).toBe(0)
      expect(stdout.trim().split('\n')).toHaveLength(1)
      expect(stderr).toContain('a power cut can take the last seconds')
      expect(stderr).not.toContain('correct horse')
    })

    it('ends in order when its supervisor has gone, with nobody left to read its log, and gives its folder back', async () => {
      program = start({ JIDOKA_CLOUD_DATA: folder, JIDOKA_SUPERVISED: '1', JIDOKA_CLOUD_LOG_LEVEL: 'trace' })
      await program.ready
      expect(existsSync(join(folder, 'lock'))).toBe(true)
      program.abandon()
      expect((await program.ended).code).toBe(0)
      expect(existsSync(join(folder, 'lock'))).toBe(false)
      expect(existsSync(join(folder, 'stopped-cleanly'))).toBe(true)
    })

    it('ends in order at SIGTERM in the middle of its first start, and the next start goes on from there', async () => {
      const first = newFolder()
      const interrupted = start({ JIDOKA_CLOUD_DATA: first })
      await vi.waitUntil(() => existsSync(join(first, 'lock')), { interval: 5 })
      interrupted.kill('SIGTERM')
      expect(await interrupted.ended).toMatchObject({ code: 0, stdout: '' })
      expect(existsSync(join(first, 'lock'))).toBe(false)
      const next = start({ JIDOKA_CLOUD_DATA: first })
      expect((await fetch(`${await next.ready}/ready`)).status).toBe(200)
      next.kill('SIGTERM')
      expect((await next.ended).code).toBe(0)
    })

    it('refuses a folder that another one has open, with the sentence', async () => {
      await begin()
      const { code, stderr } = await start({ JIDOKA_CLOUD_DATA: folder }).ended
      expect(code).toBe(1)
      expect(stderr).toMatch(/The data folder .* is in use by the process \d+\. Stop that one first/)
    })

    it('refuses a port that is taken, with what to do', async () => {
      const holder = createServer()
      await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
      const { port } = holder.address() as AddressInfo
      // A database that is there opens in a third of the time that a new one takes.
      const { code, stderr } = await start({ JIDOKA_CLOUD_DATA: folder, JIDOKA_CLOUD_HTTP_PORT: String(port) }).ended
      await new Promise((resolve) => holder.close(resolve))
      expect(code).toBe(1)
      expect(stderr).toContain(`The port ${port} on 127.0.0.1 cannot be opened: another program uses it`)
    })

    it('loses nothing that it gave a receipt for when it is killed between batches, and takes nothing twice (I2)', async () => {
      // PGlite writes through the kernel: a killed process loses nothing, only a power cut could. What is proven here is that the
      // folder opens again after SIGKILL, that the cursor is that of the last receipt, and that sending again is harmless.
      await begin()
      const login = await fetch(url + cloudPaths.login, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ login: 'admin', password: 'correct horse battery' }),
      })
      const token = ((await login.json()) as Loose).data.access_token
      const enrolment = await fetch(url + cloudPaths.enrolments, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ site_code: 'ULSAN' }),
      })
      const request = {
        protocol: protocolVersion,
        token: ((await enrolment.json()) as Loose).data.token,
        name: 'press shop',
        public_key: publicKey,
        epoch,
        program_version: '0.1.0',
      }
      const enrolled = await fetch(url + syncPaths.enrol, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
      })
      edgeId = ((await enrolled.json()) as Loose).edge_id
      let last: Loose
      for (let round = 0; round < 3; round++) {
        for (let count = 0; count < 10; count++) {
          const answer = await signed('POST', syncPaths.batches, batch(nextSeq))
          expect(answer.status).toBe(200)
          last = answer.body
          nextSeq += 10
        }
        // One more is on its way when the process dies; whether it was committed is unknown, as on a real line.
        const lost = signed('POST', syncPaths.batches, batch(nextSeq)).catch(() => null)
        program.kill('SIGKILL')
        await Promise.all([lost, program.ended])
        await begin()
        const { readings } = (await signed('GET', cursorPath(epoch))).body.lanes
        expect(readings.next_seq).toBeGreaterThan(last.up_to_seq)
        expect(readings.next_seq).toBeLessThanOrEqual(last.up_to_seq + 11)
        const again = await signed('POST', syncPaths.batches, batch(nextSeq))
        expect(again.status).toBe(200)
        nextSeq += 10
        expect(again.body).toMatchObject({ up_to_seq: nextSeq - 1, count_total: nextSeq - 1 })
        last = again.body
      }
    })

    it('heals after a power cut took its last commits: the edge is told where to go on, and sends them again (I2)', async () => {
      // What a power cut leaves of PGlite is an earlier state of its folder. A copy made before the last batches is put in its place.
      const before = join(newFolder(), 'pglite')
      cpSync(join(folder, 'pglite'), before, { recursive: true })
      await begin()
      const keptSeq = nextSeq
      for (let count = 0; count < 3; count++) {
        expect((await signed('POST', syncPaths.batches, batch(nextSeq))).status).toBe(200)
        nextSeq += 10
      }
      program.kill('SIGKILL')
      await program.ended
      rmSync(join(folder, 'pglite'), { recursive: true })
      cpSync(before, join(folder, 'pglite'), { recursive: true })
      await begin()
      const refused = await signed('POST', syncPaths.batches, batch(nextSeq))
      expect(refused.body.refusal).toEqual({ kind: 'gap', expected_seq: keptSeq })
      for (let seq = keptSeq; seq <= nextSeq; seq += 10)
        expect((await signed('POST', syncPaths.batches, batch(seq))).status).toBe(200)
      nextSeq += 10
      const { readings } = (await signed('GET', cursorPath(epoch))).body.lanes
      expect(readings).toMatchObject({ next_seq: nextSeq, count_total: nextSeq - 1 })
    })

    it('gives edges a new handle of their shape after it was killed: what they followed may be ahead of what is left', async () => {
      await begin()
      const handle = async () =>
        (
          await fetch(`${url}${syncPaths.shape}?offset=-1`, {
            headers: signRequest({
              method: 'GET',
              path: `${syncPaths.shape}?offset=-1`,
              body: new Uint8Array(0),
              edgeId,
              privateKey,
              nowMs: Date.now(),
            }),
          })
        ).headers.get('electric-handle')
      const first = await handle()
      program.kill('SIGTERM')
      await program.ended
      await begin()
      expect(await handle()).toBe(first)
      program.kill('SIGKILL')
      await program.ended
      await begin()
      expect(await handle()).not.toBe(first)
    })

    it('migrates by command: history, a step back, up again', async () => {
      const run = (...args: string[]) => start({ JIDOKA_CLOUD_DATA: folder }, ['migrate', ...args]).ended
      expect((await run('history')).stdout).toContain('20261121_0900__foundation')
      expect((await run('down')).stdout).toBe('took back 20261122_0301__audit_by_subject\n')
      expect((await run('up')).stdout).toBe('applied 20261122_0301__audit_by_subject\n')
      expect((await run()).stdout).toBe('The database is up to date.\n')
      expect((await run('sideways')).code).toBe(1)
    })
  })
})
