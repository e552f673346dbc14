import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cloudPaths, fill } from '@jidoka/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { killCloud, signIn, startCloud } from '../../testing/cloud-program.ts'
import type { CloudProgram } from '../../testing/cloud-program.ts'

// A real process that is told to stop in the middle of a burst: callers that are kept waiting for the next request, and many that come at that very moment. None is
// cut off, each is told to let go of its connection, and what was acknowledged is there when the program is started again.

const leaveS = 5
const sendersKept = 10
const sendersNew = 60

let folder: string
let program: CloudProgram

const start = () =>
  startCloud(folder, {
    JIDOKA_CLOUD_LEAVE_S: String(leaveS),
    JIDOKA_CLOUD_RATE_USER: '1000000',
    JIDOKA_CLOUD_RATE_TENANT: '1000000',
  })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-cloud-burst-'))
  program = await start()
}, 120_000)
afterAll(async () => {
  await killCloud(program)
  rmSync(folder, { recursive: true, force: true })
})

/** Sets a secret. @throws what cut it off */
async function set(name: string, headers: { authorization: string }, agent: Agent) {
  const sent = request(new URL(fill(cloudPaths.secret, { name }), program.url), {
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
    const headers = await signIn(program)
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
    const ended = once(program.child, 'close')
    program.child.kill('SIGTERM')
    const answers = (await Promise.all([...kept, Promise.all(before), Promise.all(comeAtOnce('after'))])).flat()
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    expect(answers.filter(({ isLast }) => isLast).length).toBeGreaterThan(sendersKept + sendersNew / 2)
    expect(await ended).toEqual([0, null])

    program = await start()
    const list = await fetch(new URL(cloudPaths.secrets, program.url), { headers: await signIn(program) })
    const { data } = (await list.json()) as { data: { secrets: { name: string }[] } }
    const there = new Set(data.secrets.map(({ name }) => name))
    expect(answers.filter(({ name }) => !there.has(name))).toEqual([])
  },
)
