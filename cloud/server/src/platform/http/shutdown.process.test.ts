import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isErrno } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

// A real process that is told to stop, as a balancer and its callers see it: first it says that it is not ready and serves on, then it takes no connection,
// answers what has begun, and ends with 0. Its own time passes here: there is no clock to inject into another process.

const main = fileURLToPath(new URL('../../main.ts', import.meta.url))
const password = 'correct horse battery'
/** It serves on for so long, and is asked twice in it: longer than a machine stands still. */
const leaveS = 6

let folder: string
let program: ChildProcess
let url: URL

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-cloud-stop-'))
  program = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      JIDOKA_CLOUD_HTTP_PORT: '0',
      JIDOKA_CLOUD_DATA: folder,
      JIDOKA_CLOUD_ADMIN_PASSWORD: password,
      JIDOKA_CLOUD_LEAVE_S: String(leaveS),
      JIDOKA_CLOUD_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: program.stdout as NodeJS.ReadableStream })) {
    url = new URL((JSON.parse(line) as { http: string }).http)
    break
  }
}, 120_000)
afterAll(async () => {
  if (program.exitCode === null && program.signalCode === null) {
    program.kill('SIGKILL')
    await once(program, 'close')
  }
  rmSync(folder, { recursive: true, force: true })
})

const dial = async (): Promise<Socket> => {
  const socket = connect(Number(url.port), url.hostname)
  await once(socket, 'connect')
  return socket
}
const ready = async () => (await fetch(new URL('/ready', url), { headers: { connection: 'close' } })).status
const isRefused = () =>
  dial().then(
    (socket) => {
      socket.destroy()
      return false
    },
    (error: unknown) => isErrno(error, 'ECONNREFUSED', 'ECONNRESET'),
  )

it(
  'says that it is not ready, then takes nothing new, answers what has begun, and ends with 0',
  { timeout: 60_000 },
  async () => {
    const login = JSON.stringify({ login: 'admin', password })
    const signedIn = await fetch(new URL(cloudPaths.login, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: login,
    })
    const { data } = (await signedIn.json()) as { data: { access_token: string } }
    const stream = await fetch(new URL(cloudPaths.stream, url), {
      headers: { authorization: `Bearer ${data.access_token}` },
    })
    expect([await ready(), stream.status]).toEqual([200, 200])

    // A request that has begun: half of its body is there.
    const socket = await dial()
    socket.setEncoding('utf8')
    socket.write(
      `POST ${cloudPaths.login} HTTP/1.1\r\nhost: cloud\r\ncontent-type: application/json\r\ncontent-length: ${login.length}\r\n\r\n${login.slice(0, 10)}`,
    )
    const stopped = once(program, 'close')
    program.kill('SIGTERM')
    await vi.waitUntil(async () => (await ready()) === 503, { interval: 20 })
    // It serves on meanwhile: whoever distributes requests has not asked yet.
    const late = await fetch(new URL(cloudPaths.me, url), { headers: { authorization: `Bearer ${data.access_token}` } })
    expect([late.status, late.headers.get('connection')]).toEqual([200, 'close'])
    await vi.waitUntil(isRefused, { interval: 50 })
    // Consoles are let go of, with the end of their stream and no error.
    expect(await stream.text()).toContain(': open')

    socket.write(login.slice(10))
    let said = ''
    for await (const chunk of socket) said += String(chunk)
    expect(said).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(said).toContain('access_token')
    expect(await stopped).toEqual([0, null])
  },
)
