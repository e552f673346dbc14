import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isErrno } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { adminLogin, killCloud, signIn, startCloud } from '../../testing/cloud-program.ts'
import type { CloudProgram } from '../../testing/cloud-program.ts'

// A real process that is told to stop, as a balancer and its callers see it: first it says that it is not ready and serves on, then it takes no connection,
// answers what has begun, and ends with 0. Its own time passes here: there is no clock to inject into another process.

/** It serves on for so long, and is asked twice in it: longer than a machine stands still. */
const leaveS = 6

let folder: string
let program: CloudProgram

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-cloud-stop-'))
  program = await startCloud(folder, { JIDOKA_CLOUD_LEAVE_S: String(leaveS) })
}, 120_000)
afterAll(async () => {
  await killCloud(program)
  rmSync(folder, { recursive: true, force: true })
})

const dial = async (): Promise<Socket> => {
  const socket = connect(Number(program.url.port), program.url.hostname)
  await once(socket, 'connect')
  return socket
}
const ready = async () => (await fetch(new URL('/ready', program.url), { headers: { connection: 'close' } })).status
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
    const headers = await signIn(program)
    const stream = await fetch(new URL(cloudPaths.stream, program.url), { headers })
    expect([await ready(), stream.status]).toEqual([200, 200])

    // A request that has begun: half of its body is there.
    const socket = await dial()
    socket.setEncoding('utf8')
    socket.write(
      `POST ${cloudPaths.login} HTTP/1.1\r\nhost: cloud\r\ncontent-type: application/json\r\ncontent-length: ${adminLogin.length}\r\n\r\n${adminLogin.slice(0, 10)}`,
    )
    const stopped = once(program.child, 'close')
    program.child.kill('SIGTERM')
    await vi.waitUntil(async () => (await ready()) === 503, { interval: 20 })
    // It serves on meanwhile: whoever distributes requests has not asked yet.
    const late = await fetch(new URL(cloudPaths.me, program.url), { headers })
    expect([late.status, late.headers.get('connection')]).toEqual([200, 'close'])
    await vi.waitUntil(isRefused, { interval: 50 })
    // Consoles are let go of, with the end of their stream and no error.
    expect(await stream.text()).toContain(': open')

    socket.write(adminLogin.slice(10))
    let said = ''
    for await (const chunk of socket) said += String(chunk)
    expect(said).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(said).toContain('access_token')
    expect(await stopped).toEqual([0, null])
  },
)
