import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cloudPaths, fill } from '@jidoka/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'

// A real process that is told to stop in the middle of a burst: callers that are kept waiting for the next request, and many that come at that very moment. None is
// cut off, each is told to let go of its connection, and what was acknowledged is there when the program is started again.

const main = fileURLToPath(new URL('../../main.ts', import.meta.url))
const password = 'correct horse battery'
const leaveS = 5
const sendersKept = 10
const sendersNew = 60

let folder: string
let program: ChildProcess
let url: URL

async function start(): Promise<void> {
  program = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      JIDOKA_CLOUD_HTTP_PORT: '0',
      JIDOKA_CLOUD_DATA: folder,
      JIDOKA_CLOUD_ADMIN_PASSWORD: password,
      JIDOKA_CLOUD_LEAVE_S: String(leaveS),
      JIDOKA_CLOUD_LOG_LEVEL: 'warn',
      JIDOKA_CLOUD_RATE_USER: '1000000',
      JIDOKA_CLOUD_RATE_TENANT: '1000000',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: program.stdout as NodeJS.ReadableStream })) {
    url = new URL((JSON.parse(line) as { http: string }).http)
    return
  }
  throw new Error('The cloud ended before it was ready; its last words stand above.')
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-cloud-burst-'))
  await start()
}, 120_000)
afterAll(async () => {
  if (program.exitCode === null && program.signalCode === null) {
    program.kill('SIGKILL')
    await once(program, 'close')
  }
  rmSync(folder, { recursive: true, force: true })
})

async function signIn(): Promise<{ authorization: string }> {
  const answer = await fetch(new URL(cloudPaths.login, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login: 'admin', password }),
  })
  const { data } = (await answer.json()) as { data: { access_token: string } }
  return { authorization: `Bearer ${data.access_token}` }
}

/** Sets a secret. @throws what cut it off */
async function set(name: string, headers: { authorization: string }, agent: Agent) {
  const sent = request(new URL(fill(cloudPaths.secret, { name }), url), {
    method: 'PUT',
    agent,
    headers: { ...headers, 'content-type': 'application/json' },
  })
  sent.end('{"purpose":"test","value":"x"}')
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  for await (const _ of answer);
  return { name, status: answer.statusCode, isLast: answer.headers.connection === 'close' }
}

it(
  'loses nothing that it has acknowledged and cuts nobody off, whoever comes while it stops',
  { timeout: 120_000 },
  async () => {
    const headers = await signIn()
    const kept = Array.from({ length: sendersKept }, async (_, sender) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const answers = []
      do answers.push(await set(`kept-${sender}-${answers.length}`, headers, agent))
      while (answers.at(-1)?.isLast === false)
      agent.destroy()
      return answers
    })
    const comeAtOnce = (wave: string) =>
      Array.from({ length: sendersNew }, (_, no) => set(`${wave}-${no}`, headers, new Agent({ keepAlive: true })))
    const before = comeAtOnce('before')
    const ended = once(program, 'close')
    program.kill('SIGTERM')
    const answers = (await Promise.all([...kept, Promise.all(before), Promise.all(comeAtOnce('after'))])).flat()
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    expect(answers.filter(({ isLast }) => isLast).length).toBeGreaterThan(sendersKept + sendersNew / 2)
    expect(await ended).toEqual([0, null])

    await start()
    const list = await fetch(new URL(cloudPaths.secrets, url), { headers: await signIn() })
    const { data } = (await list.json()) as { data: { secrets: { name: string }[] } }
    const there = new Set(data.secrets.map(({ name }) => name))
    expect(answers.filter(({ name }) => !there.has(name))).toEqual([])
  },
)
