import { spawnSync } from 'node:child_process'
import { FolderInUseError, OperationalError } from '@jidoka/base'
import type { NewRecord } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { quietLog } from '../broker/test-support.ts'
import type { Committed, Inbound, Publishes } from '../ports.ts'
import { JournalOpenError, openPipeline, openReader } from './index.ts'
import type { OpenPipeline } from './index.ts'
import { ingestLimits } from './limits.ts'
import { hotRule, newFolder, removeFolder } from './test-support.ts'

describe('the pipeline', () => {
  let folder: string
  let pipeline: OpenPipeline
  let failures: Error[]
  beforeEach(async () => {
    folder = newFolder()
    failures = []
    pipeline = await openPipeline({
      dataFolder: folder,
      tenantId: 'acme',
      log: quietLog,
      onFailure: (error) => failures.push(error),
    })
  })
  afterEach(async () => {
    await pipeline.stop()
    removeFolder(folder)
  })

  const reading = (value: number): Inbound => ({
    topic: 'sensor/LINE-A/temperature',
    payload: Buffer.from(`{"value":${value}}`),
    source: 'press',
    qos: 1,
  })
  const send = (value: number) => new Promise<Error | null>((resolve) => pipeline.ingest(reading(value), resolve))

  test('answers messages in the order in which they came, and tells of commits in theirs', async () => {
    const order: number[] = []
    const told: Committed[] = []
    pipeline.onCommitted((committed) => told.push(committed))
    await Promise.all(
      Array.from({ length: 3_000 }, async (_, index) => {
        await send(index)
        order.push(index)
      }),
    )
    expect(order).toEqual(order.toSorted((left, right) => left - right))
    const seqs = told.map(({ readingsSeq }) => readingsSeq)
    expect(seqs).toEqual(seqs.toSorted((left, right) => left - right))
    expect(told.reduce((sum, { counts }) => sum + counts.readings, 0)).toBe(3_000)
    // One commit serves many messages.
    expect(told.length).toBeLessThan(300)
  })

  test('a commit tells which publishes it holds, once they have been answered, and a command of none', async () => {
    const told: { readonly publishes: Publishes | null; readonly answered: number }[] = []
    let answered = 0
    pipeline.onCommitted((_, publishes) => told.push({ publishes, answered }))
    const outage = { from_ms: 1, to_ms: 2, cause: 'cut', rows_waiting: 0 } as const
    await pipeline.appendRecord({ at_ms: 1, kind: 'outage', body: outage })
    const fromMs = performance.now()
    for (let value = 1; value <= 3; value++) pipeline.ingest(reading(value), () => answered++)
    await pipeline.appendRecord({ at_ms: 2, kind: 'outage', body: outage })
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual([
      { publishes: null, answered: 0 },
      { publishes: expect.objectContaining({ count: 3 }), answered: 3 },
    ])
    const { firstMs = 0, committedMs = 0, acknowledgedMs = 0 } = told[1]?.publishes ?? {}
    const instants = [fromMs, firstMs, committedMs, acknowledgedMs, performance.now()]
    expect(instants).toEqual(instants.toSorted((left, right) => left - right))
  })

  test('I1: a reader sees a change as soon as its promise has resolved', async () => {
    const reader = openReader({ dataFolder: folder })
    await pipeline.saveSetting('name', 'value')
    expect(reader.setting('name')).toBe('value')
    await pipeline.applyDesired({
      upserts: [{ kind: 'rule', key: 'hot', version: 1, body: hotRule() }],
      removals: [],
      replaceAll: false,
      position: { handle: 'h', offset: '1' },
    })
    expect(reader.desired()).toMatchObject([{ kind: 'rule', key: 'hot' }])
    expect(await pipeline.rules()).toMatchObject([{ state: 'in_force' }])
    await pipeline.appendRecord({
      at_ms: 1,
      kind: 'outage',
      body: { from_ms: 1, to_ms: null, cause: 'cut', rows_waiting: 5 },
    })
    expect(reader.outages(5)).toMatchObject([{ fromMs: 1, toMs: null, cause: 'cut', rowsWaiting: 5 }])
    expect(await pipeline.changeAlarm('00000000-0000-7000-8000-000000000000', 'acknowledge', 'kim')).toEqual({
      unknown: true,
    })
    reader.close()
  })

  test('a folder that is in use is not opened twice', async () => {
    await expect(openPipeline({ dataFolder: folder, tenantId: 'acme', log: quietLog })).rejects.toThrow(
      FolderInUseError,
    )
  })

  test('a folder without a journal is not read', () => {
    expect(() => openReader({ dataFolder: `${folder}/none` })).toThrow(JournalOpenError)
  })

  test('a folder that cannot be made is a sentence', async () => {
    await expect(openPipeline({ dataFolder: '/dev/null/data', tenantId: 'acme', log: quietLog })).rejects.toThrow(
      /The data folder .* cannot be/,
    )
  })

  test.each(['0', '8'])(
    'a disk that is full at the start (%s blocks left) is a sentence and an exit code',
    async (blocks) => {
      const full = newFolder()
      const child = new URL('../broker/crash-child.ts', import.meta.url).pathname
      // The shell's limit of a file's size makes write(2) fail as a full disk does, without a disk of its own.
      const run = spawnSync(
        '/bin/sh',
        ['-c', `trap "" XFSZ; ulimit -f ${blocks}; exec "$0" "$@"`, process.execPath, child, full],
        { encoding: 'utf8', timeout: 45_000 },
      )
      expect(run.status).toBe(1)
      expect(run.stderr).toMatch(/The disk of the data folder .* (is full|or is full)/)
      removeFolder(full)
    },
  )

  test('I1: a stop commits what was taken and takes nothing more', async () => {
    const answers = Array.from({ length: 500 }, (_, index) => send(index))
    await pipeline.stop()
    expect((await Promise.all(answers)).every((error) => error === null)).toBe(true)
    expect(await send(1)).toBeInstanceOf(Error)
    await expect(pipeline.saveSetting('a', 'b')).rejects.toThrow(/stopping/)
    const reader = openReader({ dataFolder: folder })
    expect(reader.lanes().readingsSeq).toBe(500)
    reader.close()
    pipeline = await openPipeline({ dataFolder: folder, tenantId: 'acme', log: quietLog })
    expect(pipeline.found).toBeNull()
  })

  test('I1: a stop under load commits what is in the air, what waits and what is gathered, and answers all of it', async () => {
    const answers = Array.from({ length: 2 * ingestLimits.flightMessagesMax }, (_, index) => send(index))
    // Both full flights take off; what comes now is gathered behind them.
    await new Promise((resolve) => setImmediate(resolve))
    answers.push(send(-1))
    const saved = pipeline.saveSetting('last', 'word')
    await pipeline.stop()
    await saved
    expect((await Promise.all(answers)).every((error) => error === null)).toBe(true)
    const reader = openReader({ dataFolder: folder })
    expect(reader.lanes().readingsSeq).toBe(answers.length)
    expect(reader.setting('last')).toBe('word')
    reader.close()
    expect(failures).toEqual([])
  })

  test('I1: when its thread dies everything that waits is refused, it is told once, and a stop gives the folder back', async () => {
    // A record that is no JSON is a bug of this program, which the thread does not survive.
    const broken = { at_ms: 1, kind: 'outage', body: 1n } as unknown as NewRecord
    const inAir = [send(1), pipeline.appendRecord(broken)]
    await new Promise((resolve) => setImmediate(resolve))
    const behind = [
      send(2),
      pipeline.saveSetting('a', 'b'),
      ...Array.from({ length: 9_000 }, (_, index) => send(index)),
    ]
    const refused = await Promise.all([...inAir, ...behind].map((answer) => answer.catch((error: unknown) => error)))
    expect(refused.every((error) => error instanceof OperationalError)).toBe(true)
    expect(failures).toEqual([expect.objectContaining({ message: expect.stringContaining('ended by itself') })])
    expect(failures[0]?.cause).toBeInstanceOf(TypeError)
    expect(await send(3)).toBe(failures[0])
    await expect(pipeline.saveSetting('a', 'b')).rejects.toBe(failures[0])
    await pipeline.stop()
    pipeline = await openPipeline({ dataFolder: folder, tenantId: 'acme', log: quietLog })
    expect(pipeline.found).toContain('checked')
    expect(failures.length).toBe(1)
  })

  test('commands fail with a sentence while the store is full, messages get an error, and both work again afterwards', async () => {
    const problems: (string | null)[] = []
    pipeline.onStoreProblem((problem) => problems.push(problem))
    const works = new Promise<void>((resolve) =>
      pipeline.onStoreProblem((problem) => (problem === null ? resolve() : undefined)),
    )
    pipeline.limitPages(1)
    const full = Array.from(
      { length: 4_000 },
      (_, index) =>
        new Promise<Error | null>((resolve) =>
          pipeline.ingest({ ...reading(index), topic: `sensor/LINE-A/T${index}/temperature` }, resolve),
        ),
    )
    await expect(pipeline.saveSetting('large', 'x'.repeat(1_000_000))).rejects.toThrow(
      /disk of the data folder is full/,
    )
    expect((await Promise.all(full)).some((error) => error !== null)).toBe(true)
    pipeline.limitPages(1_000_000)
    await works
    expect(problems).toEqual([expect.stringContaining('full'), null])
    expect(await send(1)).toBeNull()
  })
})
