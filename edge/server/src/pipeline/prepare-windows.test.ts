/**
 * Windows of a new rule are filled before it is put in force, a slice a flight. What it then sees is what it would have seen had all been
 * filled at once, and no flight waits for more than a slice.
 */
import { Worker } from 'node:worker_threads'
import { createLog } from '@jidoka/base'
import { ruleDefinitionSchema } from '@jidoka/domain'
import { afterEach, expect, test, vi } from 'vitest'
import { SegmentCatalogue } from '../store/segment-catalogue.ts'
import { StoreProblemError } from '../store/errors.ts'
import { WindowBank } from '../windows/window-bank.ts'
import { openPipeline } from './open-pipeline.ts'
import { newFolder, removeFolder, TestJournal } from './test-support.ts'

const drift = ruleDefinitionSchema.parse({
  id: 'drift',
  version: 1,
  name: { ko: '편차', en: 'Drift' },
  trigger: { on: 'reading', sensor: 'temperature' },
  inputs: [
    { name: 'mean', from: 'window', window: { by: 'time', seconds: 300 }, stat: 'mean', kind: 'number' },
    { name: 'slope', from: 'window', window: { by: 'count', count: 50 }, stat: 'slope', kind: 'number' },
  ],
  script: 'verdict("SEEN", 1, `${input.mean} ${input.slope}`)',
})

const ends: (() => void | Promise<void>)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const end of ends.splice(0).toReversed()) await end()
})

function fed(): TestJournal {
  const at = new TestJournal()
  ends.push(() => at.close())
  for (let commit = 0; commit < 20; commit++)
    at.send(
      ...Array.from({ length: 20 }, (_, index) => {
        at.clock.advance(1_000)
        return { payload: Buffer.from(at.payload(50 + Math.sin(commit * 20 + index) * 3)) }
      }),
    )
  return at
}

const lastSeen = (at: TestJournal) => at.committed.flatMap(({ judgments }) => judgments).at(-1)?.explanation

test('I3: a rule sees the same whether its windows were prepared or not', () => {
  const [prepared, atOnce] = [fed(), fed()]
  expect(prepared.command({ kind: 'prepare_windows', definitions: [drift] })).toBe(true)
  for (const at of [prepared, atOnce]) {
    at.clock.advance(1_000)
    at.send(61)
    at.deploy(drift)
    at.clock.advance(1_000)
    at.send(60)
  }
  expect(lastSeen(prepared)).toMatch(/^\d+\.\d+ /)
  expect(lastSeen(prepared)).toBe(lastSeen(atOnce))
})

test('preparing changes nothing in the journal, and after a crash the rule is filled at once', () => {
  const at = fed()
  const { recordsSeq } = at.read((reader) => reader.lanes())
  expect(at.journal.apply(null, [{ kind: 'prepare_windows', definitions: [drift] }]).answers).toEqual([true])
  expect(at.read((reader) => reader.lanes()).recordsSeq).toBe(recordsSeq)
  at.restart({ inOrder: false })
  expect(at.command({ kind: 'prepare_windows', definitions: null })).toBe(true)
  at.deploy(drift)
  at.clock.advance(1_000)
  at.send(60)
  expect(lastSeen(at)).toMatch(/^\d+\.\d+ /)
})

const mistaken = { ...drift, examples: [{ input: { mean: 1, slope: 1 }, status: 'OTHER' }] }

test('windows of a rule that is refused are let go, and are not filled again while it is desired', () => {
  const began = vi.spyOn(WindowBank.prototype, 'beginPreparing')
  const at = fed()
  expect(at.command({ kind: 'prepare_windows', definitions: [mistaken] })).toBe(true)
  const bank = began.mock.contexts[0] as WindowBank
  expect(bank.stats().prepared).toBeGreaterThan(300)
  expect(at.deploy(mistaken)).toMatchObject([{ state: 'refused' }])
  expect(bank.stats().prepared).toBe(0)
  expect(at.command({ kind: 'prepare_windows', definitions: [mistaken] })).toBe(true)
  expect(bank.stats().prepared).toBe(0)
})

test('I6: a disk that fails while windows are filled is a problem of the store, as in a commit', () => {
  const at = fed()
  vi.spyOn(SegmentCatalogue.prototype, 'backwards').mockImplementationOnce(() => {
    throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_READ' })
  })
  expect(() => at.command({ kind: 'prepare_windows', definitions: [drift] })).toThrow(StoreProblemError)
  expect(at.command({ kind: 'prepare_windows', definitions: [drift] })).toBe(true)
})

test('rules of a large change come in slices, each in force with its own, and removals first', () => {
  const at = fed()
  const rules = Array.from({ length: 20 }, (_, index) => ({ ...drift, id: `drift-${index}` }))
  at.deploy({ ...drift, id: 'old' })
  const upserts = rules.map((body) => ({ kind: 'rule', key: body.id, version: 1, body }) as const)
  const change = { upserts, removals: [], replaceAll: true, position: { handle: 'h', offset: '2' } }
  // Time passes by 10 ms at each look.
  vi.spyOn(at.clock, 'monotonicMs').mockImplementation(() => (at.clock.advance(10), at.clock.nowMs()))
  const first = at.command({ kind: 'go_ahead', change })
  expect(first).toMatchObject({ isDone: false, removed: [{ key: 'old', state: 'removed' }] })
  const inForce = () => at.command({ kind: 'rules' }).filter(({ state }) => state === 'in_force').length
  expect(inForce()).toBeGreaterThan(0)
  expect(inForce()).toBeLessThan(20)
  let slices = 1
  for (; !at.command({ kind: 'go_ahead', change: null }).isDone; slices++);
  expect(slices).toBeGreaterThan(5)
  expect(inForce()).toBe(20)
  const written = at.read((reader) => reader.lanes()).recordsSeq
  expect(at.command({ kind: 'apply_desired', change }).map(({ state }) => state)).toEqual(rules.map(() => 'applied'))
  expect(at.read((reader) => reader.lanes()).recordsSeq).toBe(written)
})

test('the pipeline puts a rule with windows in force, and publishes are acknowledged meanwhile', async () => {
  const folder = newFolder()
  ends.push(() => removeFolder(folder))
  const pipeline = await openPipeline({
    dataFolder: folder,
    tenantId: 'acme',
    log: createLog('test', { level: 'silent' }),
  })
  ends.push(() => pipeline.stop())
  const publish = () =>
    new Promise<Error | null>((resolve) =>
      pipeline.ingest(
        {
          topic: 'sensor/LINE-A/PRESS-1/temperature',
          source: 'press-1',
          qos: 1,
          payload: Buffer.from('{"value": 50}'),
        },
        resolve,
      ),
    )
  await publish()
  const upserts = [{ kind: 'rule', key: 'drift', version: 1, body: drift }] as const
  const position = { handle: 'h', offset: '1' }
  const applied = pipeline.applyDesired({ upserts, removals: [], replaceAll: false, position })
  expect(await publish()).toBeNull()
  expect(await applied).toMatchObject([{ key: 'drift', state: 'applied' }])
  expect(await pipeline.rules()).toMatchObject([{ definition: { id: 'drift' }, state: 'in_force' }])
})

test('two changes at once come one after the other, and each finds its windows filled', async () => {
  const folder = newFolder()
  ends.push(() => removeFolder(folder))
  const pipeline = await openPipeline({
    dataFolder: folder,
    tenantId: 'acme',
    log: createLog('test', { level: 'silent' }),
  })
  ends.push(() => pipeline.stop())
  const posted: string[] = []
  const post = Reflect.get(Worker.prototype, 'postMessage') as (this: Worker, ...message: unknown[]) => void
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, message, transfer) {
    for (const { kind } of (message as { commands?: { kind: string }[] }).commands ?? []) posted.push(kind)
    post.call(this, message, transfer)
  })
  const change = (id: string) => ({
    upserts: [{ kind: 'rule', key: id, version: 1, body: { ...drift, id } }] as const,
    removals: [],
    replaceAll: false,
    position: { handle: 'h', offset: id },
  })
  await Promise.all([pipeline.applyDesired(change('1')), pipeline.applyDesired(change('2'))])
  expect(posted).toEqual(['prepare_windows', 'apply_desired', 'prepare_windows', 'apply_desired'])
})
