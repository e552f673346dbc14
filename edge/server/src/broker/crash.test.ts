import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { JournalRecord } from '@jidoka/domain'
import { connectAsync } from 'mqtt'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { replayJudgment } from '../judge/replay.ts'
import { openReader } from '../pipeline/index.ts'
import { hotRule, newFolder, newRunner, removeFolder } from '../pipeline/test-support.ts'
import { journalFile } from '../store/database.ts'

/*
 * I1: an acknowledged message survives SIGKILL. The real broker and the real journal run in a process of their own; a real
 * client publishes and keeps its own list of what was acknowledged. The process is killed in the middle of it, several
 * times on one folder. Then the journal is read: nothing acknowledged may be missing, the sequences of both lanes have no
 * gap, and every judgment can be made again. A reading that was stored and whose PUBACK was lost may be there too.
 * Power loss is not modelled here: what protects from it is `synchronous=FULL`, which database.test.ts looks at.
 */

interface Word {
  readonly port?: number
  readonly found?: string | null
  readonly problem?: string | null
}

/** Waits for facts without turning the loop: the process that it waits for starts on the same cores. */
class News {
  #next = Promise.withResolvers<void>()

  tell(): void {
    this.#next.resolve()
    this.#next = Promise.withResolvers<void>()
  }

  /** As long as the test may last: on a busy machine a start takes what it takes. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#next.promise
  }
}
const news = new News()

class Appliance {
  readonly process: ChildProcess
  readonly words: Word[] = []
  #ending: string | null = null

  constructor(folder: string) {
    const child = new URL('./crash-child.ts', import.meta.url).pathname
    // A file beyond its allowed size shall be an error of write(2), as on a full disk, and not a signal that ends the process.
    this.process = spawn('/bin/sh', ['-c', 'trap "" XFSZ; exec "$0" "$@"', process.execPath, child, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.process.once('exit', (code, signal) => {
      this.#ending = `${code ?? signal}`
      news.tell()
    })
    if (this.process.stdout !== null)
      createInterface(this.process.stdout).on('line', (line) => {
        this.words.push(JSON.parse(line) as Word)
        news.tell()
      })
  }

  async port(): Promise<number> {
    await this.until(() => this.words.some((word) => word.port !== undefined), 'it listened')
    return this.words.find((word) => word.port !== undefined)?.port ?? 0
  }

  /** @throws when the process ends before */
  async until(condition: () => boolean, what: string): Promise<void> {
    await news.until(() => this.#ending !== null || condition())
    if (!condition()) throw new Error(`the appliance ended with ${this.#ending} before ${what}`)
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const ended = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.kill('SIGKILL')
    await ended
  }
}

describe('a process that is killed or whose disk is full', () => {
  let folder: string
  let appliance: Appliance
  beforeEach(() => {
    folder = newFolder()
  })
  afterEach(async () => {
    await appliance.kill()
    removeFolder(folder)
  })

  const topic = 'sensor/LINE-A/temperature'
  let next = 0
  const acknowledged: number[] = []

  /** Keeps 200 publishes under way until told to stop; lists the value of each that was acknowledged. */
  async function publish(port: number, enough: () => boolean): Promise<() => Promise<void>> {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 })
    client.on('error', () => {})
    const loops = Array.from({ length: 200 }, async () => {
      while (!enough()) {
        const value = next++
        // Every seventh is above the rule's limit of 80: values are made unique behind the point.
        const text = JSON.stringify({
          value: (value % 7 === 0 ? 90 : 20) + value / 1e6,
          unit: 'C',
          timestamp: new Date().toISOString(),
        })
        try {
          await client.publishAsync(topic, text, { qos: 1 })
          acknowledged.push(value)
          news.tell()
        } catch {
          return // The connection broke: this one was not acknowledged.
        }
      }
    })
    return async () => {
      client.end(true)
      await Promise.all(loops)
    }
  }

  function storedValues(): Set<number> {
    const reader = openReader({ dataFolder: folder })
    try {
      const { values } = reader.history('LINE-A/temperature', 0, Date.now() + 60_000)
      return new Set([...values].map((value) => Math.round((value >= 90 ? value - 90 : value - 20) * 1e6)))
    } finally {
      reader.close()
    }
  }

  function expectGaplessAndReplayable(): void {
    const reader = openReader({ dataFolder: folder })
    const runner = newRunner()
    try {
      let nextSeq = 1
      for (const { firstSeq, count } of reader.segments(1, Infinity)) {
        expect(firstSeq).toBe(nextSeq)
        nextSeq += count
      }
      const records = reader.recordLines(1, Infinity).map(({ line }) => JSON.parse(line) as JournalRecord)
      expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1))
      expect(reader.lanes()).toEqual({ readingsSeq: nextSeq - 1, recordsSeq: records.length })
      for (const record of records) {
        if (record.kind !== 'judgment') continue
        expect(record.body.reading_seq === null || record.body.reading_seq < nextSeq).toBe(true)
        expect(replayJudgment(record.body, hotRule(), runner).status).toBe(record.body.status)
      }
      expect(records.filter(({ kind }) => kind === 'judgment').length).toBeGreaterThan(0)
    } finally {
      reader.close()
    }
  }

  test(
    'I1: nothing acknowledged is missing after SIGKILL under load, and no sequence has a gap',
    { timeout: 180_000 },
    async () => {
      next = 0
      acknowledged.length = 0
      for (let kill = 0; kill < 4; kill++) {
        appliance = new Appliance(folder)
        const port = await appliance.port()
        if (kill > 0) expect(appliance.words.at(-1)?.found).toContain('checked; what it holds is readable')
        const target = acknowledged.length + 300 + kill * 137
        const stop = await publish(port, () => false)
        await appliance.until(() => acknowledged.length >= target, `${target} were acknowledged`)
        await appliance.kill()
        await stop()
      }
      const stored = storedValues()
      expect(acknowledged.filter((value) => !stored.has(value))).toEqual([])
      expect(acknowledged.length).toBeGreaterThan(1_500)
      expectGaplessAndReplayable()
    },
  )

  const prlimit = ['/usr/bin/prlimit', '/bin/prlimit'].find((file) => existsSync(file))

  test.skipIf(prlimit === undefined)(
    `I1: a disk that takes no more brings no PUBACK, and all comes through when it does again${prlimit === undefined ? ' (skipped: prlimit of util-linux is absent)' : ''}`,
    { timeout: 180_000 },
    async () => {
      next = 0
      acknowledged.length = 0
      appliance = new Appliance(folder)
      const port = await appliance.port()
      let enough = false
      const stop = await publish(port, () => enough)
      await appliance.until(() => acknowledged.length >= 300, 'it ran')
      const limit = (bytes: number | 'unlimited') =>
        execFileSync(prlimit ?? '', ['--pid', String(appliance.process.pid), `--fsize=${bytes}:unlimited`])
      limit(statSync(`${journalFile(folder)}-wal`).size + 50_000)
      await appliance.until(
        () => appliance.words.some((word) => typeof word.problem === 'string'),
        'the store said that it cannot write',
      )
      const before = acknowledged.length
      const storedThen = storedValues()
      expect(acknowledged.filter((value) => !storedThen.has(value))).toEqual([])
      // A probe has failed too: it really takes nothing, and nothing more was acknowledged.
      for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setImmediate(resolve))
      expect(acknowledged.length).toBe(before)
      limit('unlimited')
      await appliance.until(() => appliance.words.at(-1)?.problem === null, 'the store wrote again')
      await appliance.until(() => acknowledged.length >= before + 500, 'it went on by itself')
      enough = true
      await stop()
      await appliance.kill()
      const stored = storedValues()
      expect(acknowledged.filter((value) => !stored.has(value))).toEqual([])
      expectGaplessAndReplayable()
    },
  )
})
