import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { cloudPaths, fill } from '@jidoka/contract'
import { openPostgres } from '../../../cloud/server/src/platform/db/postgres.ts'
import type { BenchRow } from '../harness.ts'
import { tenantName, writeHistory } from './cloud-history.ts'
import type { LoadAnswer, LoadQuestion } from './cloud-load.ts'
import { startBenchCloud } from './sync-cloud.ts'
import type { BenchCloud } from './sync-cloud.ts'

/** Enough that a program never waits for a question, few enough that what is measured is work and not a queue. */
const connections = 32
const crowd = 200
/** Until what is asked for is compiled: a program of many parts takes longer for it than one of few. */
const warmUpMs = 2_000
const measuredMs = 4_000
/** More than the cache of verdicts keeps: every judgment is made by the rule. */
const inputsCount = 5_000
const ruleId = 'press-temperature'
const history = { judgments: 100_000, tenants: 1, months: 3 }
/** Below the life of an access token. */
const signedInMsMax = 10 * 60_000

export interface Load extends LoadAnswer {
  /** Processor time of the program, of all its threads, for a request. */
  readonly cpuMs: number
}

/** What is asked of both programs. */
export interface Requests {
  recent(connections?: number): Promise<Load>
  execute(connections?: number): Promise<Load>
}

/** The cloud with everything on, and the peer, each on a database of its own in one server. */
async function startPrograms(cloud: BenchCloud): Promise<{ ours: Requests; peer: Requests; close(): Promise<void> }> {
  const { server } = cloud
  await server.admin('create database bench_peer template template_migrated')
  for (const database of ['bench', 'bench_peer']) {
    const backend = await openPostgres({ url: server.url(database), onBrokenConnection: () => undefined })
    await writeHistory({ backend }, history)
    await backend.close()
  }
  const token = new AccessToken(cloud)
  await token.call('PUT', fill(cloudPaths.rule, { id: ruleId }), { definition: rule, based_on_version: 0 })
  const peer = await startPeer(server.url('bench_peer'))
  await sameRows(cloud.url, peer.url, await token.header())
  return {
    ours: requestsOf(cloud, () => token.header()),
    peer: requestsOf(peer, () => Promise.resolve('')),
    close: () => peer.close(),
  }
}

export const startCloudOfHistory = (collector: Collector): Promise<BenchCloud | string> =>
  startBenchCloud({
    JIDOKA_CLOUD_TENANT: tenantName(0),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    // The share of a tenth rules, and not the bound of a second, which at this rate would record fewer.
    JIDOKA_TRACES_PER_SECOND: '100000',
    // Counted as ever, and never reached.
    JIDOKA_CLOUD_RATE_USER: '10000000',
    JIDOKA_CLOUD_RATE_TENANT: '10000000',
  })

/** The programs are started when the first row asks for them. */
export function requestRows(cloud: BenchCloud): { rows: BenchRow[]; close(): Promise<void> } {
  let started: ReturnType<typeof startPrograms> | undefined
  const programs = () => (started ??= startPrograms(cloud))
  let tail: Load | null = null
  const crowded = (name: string, what: keyof Requests): BenchRow => ({
    name,
    unit: 'ms',
    subject: async () => {
      tail = await (await programs()).ours[what](crowd)
      return tail.p99Ms
    },
    peer: () => Promise.resolve(tail?.medianMs ?? Number.NaN),
  })
  const beside = (name: string, what: keyof Requests): BenchRow => ({
    name,
    unit: '/s',
    subject: async () => (await (await programs()).ours[what]()).perS,
    peer: async () => (await (await programs()).peer[what]()).perS,
  })
  return {
    rows: [
      beside('judgment/recent, requests/s, against a bare Hono + pg', 'recent'),
      beside('judgment/execute, requests/s, against a bare Hono + pg', 'execute'),
      crowded('judgment/recent at 200 connections, p99 ms, against its median', 'recent'),
      crowded('judgment/execute at 200 connections, p99 ms, against its median', 'execute'),
    ],
    close: async () => (await started)?.close(),
  }
}

const executions = Array.from({ length: inputsCount }, (_, no) =>
  JSON.stringify({ workflow_id: ruleId, input: { value: (no * 7_919) % 10_007, line_code: 'LINE-7' } }),
)

function requestsOf({ url, pid }: { url: string; pid: number }, head: () => Promise<string>): Requests {
  const { port, host } = new URL(url)
  const ask = async (requests: readonly string[], count: number): Promise<Load> => {
    const beforeMs = cpuMsOf(pid)
    const answer = await load({ port: Number(port), connections: count, warmUpMs, measuredMs, requests })
    return { ...answer, cpuMs: (cpuMsOf(pid) - beforeMs) / answer.requestsInAll }
  }
  return {
    recent: async (count = connections) =>
      ask([`GET ${cloudPaths.judgmentRecent}?limit=50 HTTP/1.1\r\nhost: ${host}\r\n${await head()}\r\n`], count),
    execute: async (count = connections) => {
      const fields = `host: ${host}\r\n${await head()}content-type: application/json\r\n`
      return ask(
        executions.map(
          (body) =>
            `POST ${cloudPaths.judgmentExecute} HTTP/1.1\r\n${fields}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        ),
        count,
      )
    },
  }
}

async function load(question: LoadQuestion): Promise<LoadAnswer> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('cloud-load.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(JSON.stringify(question))
  const answer = await text(child.stdout)
  if (answer === '') throw new Error('the load generator gave up, see above')
  return JSON.parse(answer) as LoadAnswer
}

/** `utime` and `stime`, in ticks of 10 ms as Linux has them for every program. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function startPeer(databaseUrl: string): Promise<{ url: string; pid: number; close(): Promise<void> }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('cloud-peer.ts', import.meta.url))], {
    env: { PATH: process.env['PATH'], DATABASE_URL: databaseUrl, PEER_TENANT: tenantName(0) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) =>
      resolve((JSON.parse(line) as { http: string }).http),
    )
    child.once('exit', (code) => reject(new Error(`the peer ended with ${code}`)))
  })
  return {
    url,
    pid: child.pid ?? 0,
    close: async () => {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** What the histories of the two have in common; each is begun at its own instant, so that ids and times are its own. */
const sameFacts = [
  'status',
  'normal',
  'rule_id',
  'rule_hash',
  'subject',
  'line',
  'equipment',
  'edge_id',
  'confidence',
  'explanation',
] as const

/** A peer that answered less would be no peer. @throws when the newest page of the two does not say the same, row by row, but for the names of edges */
async function sameRows(oursUrl: string, peerUrl: string, head: string): Promise<void> {
  const authorization = head.slice(head.indexOf(' ') + 1).trim()
  const pages = await Promise.all(
    [oursUrl, peerUrl].map(async (url) => {
      const response = await fetch(`${url}${cloudPaths.judgmentRecent}?limit=50`, { headers: { authorization } })
      const { data } = (await response.json()) as { data: Record<string, unknown>[] }
      return data.map((row) => ({
        fields: Object.keys(row).filter((name) => name !== 'edge_name'),
        facts: sameFacts.map((name) => row[name]),
      }))
    }),
  )
  const [ours = [], peers = []] = pages
  const other = ours.findIndex((row, place) => JSON.stringify(row) !== JSON.stringify(peers[place]))
  if (ours.length !== 50 || peers.length !== 50 || other !== -1)
    throw new Error(`the two programs answer other rows: ${JSON.stringify([ours[other], peers[other]])}`)
}

class AccessToken {
  readonly #cloud: BenchCloud
  #token = ''
  #signedInMs = Number.NEGATIVE_INFINITY

  constructor(cloud: BenchCloud) {
    this.#cloud = cloud
  }

  /** The header field of requests, with its end of line. */
  async header(): Promise<string> {
    if (performance.now() - this.#signedInMs > signedInMsMax) {
      const response = await fetch(`${this.#cloud.url}${cloudPaths.login}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ login: 'admin', password: this.#cloud.password }),
      })
      if (!response.ok) throw new Error(`the cloud refused the sign-in: ${await response.text()}`)
      const { data } = (await response.json()) as { data: { access_token: string } }
      this.#token = data.access_token
      this.#signedInMs = performance.now()
    }
    return `authorization: Bearer ${this.#token}\r\n`
  }

  async call(method: string, path: string, body: unknown): Promise<void> {
    const authorization = (await this.header()).slice('authorization: '.length).trim()
    const response = await fetch(`${this.#cloud.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`the cloud refused ${method} ${path}: ${await response.text()}`)
  }
}

/** Takes the traces of the cloud, so that sending them is part of what is measured, and keeps none. */
export interface Collector {
  readonly url: string
  close(): Promise<void>
}

export async function startCollector(): Promise<Collector> {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.setHeader('content-type', 'application/json').end('{}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const rule = {
  id: ruleId,
  name: { ko: '프레스 온도', en: 'Press temperature' },
  trigger: { on: 'reading', sensor: 'temperature' },
  inputs: [{ name: 'value', from: 'trigger', kind: 'number' }],
  parameters: { high: { value: 90, name: { ko: '상한', en: 'High limit' }, unit: '°C' } },
  script:
    'if input.value > params.high { #{ status: "HIGH", confidence: 0.95, explanation: `${input.value} > ${params.high}` } } else { #{ status: "NORMAL", confidence: 0.8 } }',
  alarms: { HIGH: 'high' },
  examples: [
    { input: { value: 95 }, status: 'HIGH' },
    { input: { value: 20 }, status: 'NORMAL' },
  ],
}
