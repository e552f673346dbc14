import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '@jidoka/base'
import { exportPrivateKey } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { edgeConfigSchema } from '../../config.ts'
import { DeadLetterWarnings } from '../../dead-letter-warnings.ts'
import { LineStatus } from '../../uplink/line-status.ts'
import { TestJournal, hotRule } from '../../pipeline/test-support.ts'
import { openReader } from '../../store/journal-reader.ts'
import { schemaText } from '../../store/schema-text.ts'
import { EdgeIdentity } from '../../uplink/identity.ts'
import { keepBundle } from './bundle-folder.ts'
import { knownSecrets } from './known-secrets.ts'
import { LogRing, logRingLimits } from './log-ring.ts'
import { makeSupportBundle } from './support-bundle.ts'
import type { BundleSources } from './support-bundle.ts'
import { tar } from './tar.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-bundle-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Unpacked by the system's own tar, since that is what its reader has. */
function unpacked(bytes: Uint8Array): Map<string, string> {
  const target = mkdtempSync(join(folder, 'unpacked-'))
  writeFileSync(join(target, 'bundle.tar.gz'), bytes)
  execFileSync('tar', ['-xzf', 'bundle.tar.gz'], { cwd: target })
  const names = readdirSync(target).filter((name) => name !== 'bundle.tar.gz')
  return new Map(names.map((name) => [name, readFileSync(join(target, name), 'utf8')]))
}

describe('a support bundle', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  const config = edgeConfigSchema.parse({
    admin_password: 'the admin has this one',
    cloud: { url: 'https://cloud.example', enrolment_token: 'jdk_enrol_0123456789' },
    mes: [{ url: 'postgres://mes:s%2Bcret-of-the-mes@db.example:5432/mes' }],
    tracing: { endpoint: 'http://collector.example', headers: 'authorization=Basic%20bG9naW4tb2YtaXQ' },
    mqtt: { tls: { cert: 'a.pem', key: '/etc/keys/broker.pem' } },
  })

  async function made(change: (sources: BundleSources) => Partial<BundleSources> = () => ({})) {
    const identity = EdgeIdentity.open(at.folder)
    const reader = openReader({ dataFolder: at.folder })
    const ring = new LogRing({ write: () => true })
    const log = createLog('edge', { destination: ring })
    const secrets = knownSecrets({ config, identity, reader, cliToken: 'token-of-the-command-line' })
    // What a driver or a careless line may say.
    for (const secret of secrets)
      log.warn({ detail: { quoted: secret } }, `failed with ${secret} at ${config.mes[0]?.url}`)
    const warnings = new DeadLetterWarnings(at.clock, log)
    warnings.note(reader.deadLetters(1))
    warnings.stop()
    const status = new LineStatus(at.clock, 'offline', `connecting to ${config.mes[0]?.url} failed`)
    const disk = {
      free_bytes: 1,
      used_bytes: 1,
      horizon_days: null,
      horizon_days_at_day_rate: null,
      problem: null,
      problem_kind: null,
    }
    const sources: BundleSources = {
      version: '0.1.0',
      config,
      secrets: () => secrets,
      metricsText: () => Promise.resolve('jidoka_up 1\n'),
      lineToCloud: () => status.view(reader.lanes(), disk),
      notReady: () => [],
      schemaText: () => schemaText(at.folder),
      logText: () => ring.text(),
      rules: () => Promise.resolve(at.journal.rules()),
      reader,
      commands: (limit) => reader.commands(limit),
      found: 'The last stop was not in order.',
      startedMs: 0,
    }
    try {
      const bundle = await makeSupportBundle({ ...sources, ...change(sources) }, at.clock.nowMs())
      return { bundle, files: unpacked(bundle.bytes), secrets, identity }
    } finally {
      reader.close()
    }
  }

  test('I8: holds no secret, wherever one may have come into it', async () => {
    at.desire({
      kind: 'user',
      key: 'kim',
      version: 1,
      body: { name: 'Kim', role: 'admin', locale: 'ko', password_hash: 'scrypt$16384$8$1$c2FsdA$aGFzaA' },
    })
    const { files, secrets, identity } = await made()
    const kept = [
      ...secrets,
      exportPrivateKey(identity.privateKey),
      's+cret-of-the-mes',
      's%2Bcret-of-the-mes',
      '/etc/keys/broker.pem',
      'bG9naW4tb2YtaXQ',
    ]
    expect(kept.length).toBeGreaterThanOrEqual(10)
    for (const [name, text] of files) {
      for (const secret of kept) expect(text.includes(secret), `${name} holds ${secret}`).toBe(false)
      expect(text).not.toMatch(/scrypt\$|sha256\$/)
    }
    expect(files.get('config.json')).toContain('"admin_password": "[set]"')
    expect(files.get('config.json')).toContain('postgres://[set]@db.example:5432/mes')
    expect(files.get('log.ndjson')).toContain('failed with [set]')
  })

  test('I8: holds no reading, and of dead letters nothing that the device sent', async () => {
    at.send(83.71734, { payload: Buffer.from('not json 9971.55') })
    const { files } = await made()
    const holding = (text: string) => [...files].flatMap(([name, content]) => (content.includes(text) ? [name] : []))
    expect(holding('83.71734')).toEqual([])
    expect(holding('9971.55')).toEqual([])
    expect(JSON.parse(files.get('dead-letters.json') ?? '')).toMatchObject([{ reason: 'not_json' }])
    expect(files.get('log.ndjson')).toContain('"reason":"not_json"')
  })

  test('says which versions, rules, commands and tables there are, without the script of a rule', async () => {
    at.deploy(hotRule())
    const { files, bundle } = await made()
    expect(bundle.files).toBe(files.size)
    expect(JSON.parse(files.get('rules.json') ?? '')).toMatchObject([
      { id: 'hot', version: 1, state: 'in_force', hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ])
    expect(files.get('rules.json')).not.toContain('params.high')
    expect(files.get('schema.sql')).toContain('CREATE TABLE commands')
    expect(JSON.parse(files.get('about.json') ?? '')).toMatchObject({
      version: '0.1.0',
      found_at_start: 'The last stop was not in order.',
    })
  })

  test('is made also where a part of the appliance is broken, and says so in its place', async () => {
    const { files } = await made(() => ({ rules: () => Promise.reject(new Error('the thread ended')) }))
    expect(files.get('rules.json')).toBe('This could not be gathered: the thread ended\n')
    expect(files.get('metrics.txt')).toBe('jidoka_up 1\n')
  })
})

test('the newest three bundles are kept, for their owner alone', () => {
  const files = [1, 2, 3, 4].map((day) => keepBundle(folder, Buffer.from(`${day}`), Date.UTC(2026, 0, day)))
  expect(readdirSync(join(folder, 'bundles')).map((name) => join('bundles', name))).toEqual(files.slice(1))
  expect(statSync(join(folder, files[3] ?? '')).mode & 0o777).toBe(0o600)
})

describe('the archive', () => {
  test('is read by tar byte for byte, whatever the length of a file', () => {
    const contents = [0, 1, 511, 512, 513, 70_000].map((bytes) => 'x'.repeat(bytes))
    const archive = tar(
      contents.map((content, index) => ({ name: `f${index}.txt`, content: Buffer.from(content) })),
      Date.UTC(2026, 0, 1),
    )
    writeFileSync(join(folder, 'a.tar'), archive)
    execFileSync('tar', ['-xf', 'a.tar'], { cwd: folder })
    expect(contents.map((_, index) => readFileSync(join(folder, `f${index}.txt`), 'utf8'))).toEqual(contents)
  })

  test('has no name that a tool could read otherwise', () => {
    expect(() => tar([{ name: 'a b', content: Buffer.alloc(0) }], 0)).toThrow(RangeError)
    expect(() => tar([{ name: 'x'.repeat(101), content: Buffer.alloc(0) }], 0)).toThrow(RangeError)
  })
})

describe('the newest lines of the log', () => {
  test('go out as they come, and are kept up to a number and a length', () => {
    const out: string[] = []
    const ring = new LogRing({ write: (line) => out.push(line) })
    for (let line = 0; line < 3 * logRingLimits.linesMax; line++) ring.write(`${line}\n`)
    const kept = ring.text().trimEnd().split('\n')
    expect(kept).toHaveLength(logRingLimits.linesMax)
    expect(kept.at(-1)).toBe(`${3 * logRingLimits.linesMax - 1}`)
    expect(out).toHaveLength(3 * logRingLimits.linesMax)
    for (let line = 0; line < 1_000; line++) ring.write('y'.repeat(10_000))
    expect(ring.text().length).toBeLessThanOrEqual(logRingLimits.lengthMax)
  })
})
