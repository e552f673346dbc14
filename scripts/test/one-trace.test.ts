import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openCollector } from '@jidoka/base/testing'
import type { CollectedSpan, Collector } from '@jidoka/base/testing'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBenchAppliance } from '../bench/appliance.ts'
import { CloudClient } from '../start/cloud-client.ts'

// Goal: whoever wonders where a reading is sees one trace, from the batch of the appliance that took it to the row in the cloud, linked with how it came over MQTT. Both programs are run as
// they are installed, with one collector of our own that reads OTLP by its wire format.

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'jidoka-trace-'))
const closing: (() => Promise<void>)[] = [() => Promise.resolve(rmSync(folder, { recursive: true, force: true }))]
let collector: Collector

beforeAll(async () => {
  collector = await openCollector()
  closing.push(() => collector.close())
})
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

async function startCloud(environment: Readonly<Record<string, string>>): Promise<{ url: string; password: string }> {
  const password = randomBytes(12).toString('base64url')
  const child = spawn(process.execPath, ['cloud/server/src/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: join(root, '.jidoka', 'compile-cache'),
      JIDOKA_CLOUD_DATA: join(folder, 'cloud'),
      JIDOKA_CLOUD_HTTP_PORT: '0',
      JIDOKA_CLOUD_TENANT: 'acme',
      JIDOKA_CLOUD_ADMIN_PASSWORD: password,
      JIDOKA_CLOUD_LOG_LEVEL: 'error',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  closing.push(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const lines = createInterface({ input: child.stdout })
  const url = await new Promise<string>((resolve, reject) => {
    lines.once('line', (line) => resolve((JSON.parse(line) as { http: string }).http))
    void ended.then(() => reject(new Error(`the cloud ended with ${child.exitCode}`)))
  })
  return { url, password }
}

test(
  'a batch of readings is one trace, from the appliance through HTTP and the intake to the statements that store it',
  { timeout: 120_000 },
  async () => {
    const tracing = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_TRACES_SAMPLER_ARG: '1' }
    const { url, password } = await startCloud(tracing)
    const cloud = await CloudClient.signIn(url, { login: 'admin', password })
    const token = await cloud.enrolmentToken('ULSAN')
    const appliance = await startBenchAppliance([], {
      ...tracing,
      JIDOKA_CLOUD_URL: url,
      JIDOKA_ENROLMENT_TOKEN: token,
    })
    closing.push(() => appliance.stop())
    const { login, secret } = appliance.device
    const device = await connectAsync(appliance.mqtt, { username: login, password: secret })
    const payload = { tenant_id: 'acme', value: 21.5, unit: 'C', timestamp: new Date().toISOString() }

    const isOf = (span: CollectedSpan) => span.name === 'send batch' && span.facts['jidoka.lane'] === 'readings'
    const hasRow = (spans: readonly CollectedSpan[]) =>
      spans
        .filter(isOf)
        .find(({ traceId }) => spans.some((span) => span.name === 'insert-segments' && span.traceId === traceId))
    // Exporters are loaded once a program serves: what was sent before is in no trace.
    let found: CollectedSpan | undefined
    for (let attempt = 0; found === undefined && attempt < 20; attempt++) {
      await device.publishAsync('sensor/LINE-A/temperature', JSON.stringify(payload), { qos: 1 })
      found = await collector.waitFor((spans) => hasRow(spans) !== undefined, 2_000).then(hasRow, () => undefined)
    }
    await device.endAsync()

    const spans = collector.spans.filter(({ traceId }) => traceId === found?.traceId)
    const way: string[] = []
    for (let at = spans.find(({ name }) => name === 'insert-segments'); at !== undefined;) {
      way.unshift(`${at.service} ${at.kind} ${at.name}`)
      const { parentSpanId } = at
      at = spans.find(({ spanId }) => spanId === parentSpanId)
    }
    expect(way).toEqual([
      'jidoka-edge producer send batch',
      'jidoka-edge client POST /sync/v1/batches',
      'jidoka-cloud server POST /sync/v1/batches',
      'jidoka-cloud internal intake',
      'jidoka-cloud client transaction',
      'jidoka-cloud client insert-segments',
    ])
    // How the reading came over MQTT, by a trace of its own: from the publish to its acknowledgement, and the commit within.
    expect(found?.links.length).toBeGreaterThan(0)
    for (const traceId of found?.links ?? []) {
      const [taken, commit] = ['process sensor/#', 'commit'].map((name) =>
        collector.spans.find((span) => span.traceId === traceId && span.name === name),
      )
      expect(taken).toMatchObject({
        service: 'jidoka-edge',
        kind: 'consumer',
        parentSpanId: '',
        facts: {
          'messaging.system': 'mqtt',
          'messaging.operation.name': 'process',
          'messaging.operation.type': 'process',
          'messaging.destination.template': 'sensor/#',
          'messaging.batch.message_count': 1,
        },
      })
      expect(commit).toMatchObject({ kind: 'internal', parentSpanId: taken?.spanId, facts: { 'jidoka.readings': 1 } })
      expect(taken?.durationMs).toBeGreaterThan(commit?.durationMs ?? Infinity)
    }
    expect(JSON.stringify(collector.spans)).not.toContain('LINE-A')
  },
)
