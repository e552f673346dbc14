import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { choosePort } from './ports.ts'
import { signInOf } from './sign-in.ts'
import { SupervisedProgram } from './supervised-program.ts'
import type { ProgramEndedError } from './supervised-program.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-start-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function program(source: string) {
  const file = join(folder, 'program.mjs')
  writeFileSync(file, source)
  const said: string[] = []
  const givenUp: ProgramEndedError[] = []
  const environment = { PATH: process.env['PATH'] ?? '' }
  const plan = { name: 'edge', argv: [file], cwd: folder, environment, logFile: join(folder, 'edge.log') }
  const supervised = new SupervisedProgram(plan, {
    say: (sentence) => said.push(sentence),
    onGivenUp: (error) => givenUp.push(error),
  })
  return { supervised, said, givenUp }
}

test('a program is ready when it says so, and stops in order when it is asked', async () => {
  const { supervised, said } = program(`
    process.on('SIGTERM', () => { console.error('drained'); process.exit(0) })
    setInterval(() => {}, 1000)
    console.log(JSON.stringify({ ready: true, http: 'http://127.0.0.1:1' }))`)
  expect(await supervised.start()).toMatchObject({ http: 'http://127.0.0.1:1' })
  await supervised.stop()
  expect(said).toEqual([])
  await vi.waitFor(() => expect(readFileSync(join(folder, 'edge.log'), 'utf8')).toContain('drained'))
})

test('a program that ends before it is ready is named with its last words', async () => {
  const { supervised } = program(`console.error('{"level":"error","message":"port 8080 is taken"}'); process.exit(1)`)
  await expect(supervised.start()).rejects.toMatchObject({
    message: 'The edge ended with exit code 1.',
    lastWords: 'port 8080 is taken',
  })
})

test('no restart is silent, and a program that keeps dying is given up', async () => {
  const { supervised, said, givenUp } = program(`
    console.log(JSON.stringify({ ready: true }))
    console.error('no more')
    setTimeout(() => process.exit(7), 20)`)
  await supervised.start()
  await vi.waitFor(() => expect(givenUp).toHaveLength(1))
  expect(said.filter((sentence) => sentence.includes('ended with exit code 7 and is started again'))).toHaveLength(3)
  expect(said.join('\n')).toContain('no more')
  expect(givenUp[0]?.message).toContain('for the 4th time in a minute')
})

test('a program that is killed is given no last words, since what it said before is about something else', async () => {
  const { supervised, said } = program(`
    console.error('the line to the cloud is slow')
    setTimeout(() => console.log(JSON.stringify({ ready: true, pid: process.pid })), 50)
    setInterval(() => {}, 1000)`)
  const { pid } = await supervised.start()
  process.kill(Number(pid), 'SIGKILL')
  await vi.waitFor(() => expect(said).toContain('the edge runs again'))
  expect(said[0]).toBe('the edge was ended by SIGKILL and is started again')
  await supervised.stop()
})

test('a taken port is replaced by a free one, and the taken one is named', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const wanted = typeof address === 'object' && address ? address.port : 0
  const chosen = await choosePort(wanted)
  expect(chosen.taken).toBe(wanted)
  expect(chosen.port).not.toBe(wanted)
  await new Promise((resolve) => server.close(resolve))
  expect(await choosePort(wanted)).toEqual({ port: wanted, taken: null })
})

test('the password of the first start is kept for the second', () => {
  const file = join(folder, 'sign-in.json')
  const first = signInOf(file)
  expect(first.password).toMatch(/^([a-z2-9]{4}-){3}[a-z2-9]{4}$/)
  expect(signInOf(file)).toEqual(first)
})
