/**
 * Windows of a new rule are filled before it is put in force, a slice a flight. What it then sees is what it would have seen had all been
 * filled at once, and no flight waits for more than a slice.
 */
import { createLog } from '@jidoka/base'
import { ruleDefinitionSchema } from '@jidoka/domain'
import { afterEach, expect, test } from 'vitest'
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
  for (const end of ends.splice(0).toReversed()) await end()
})

function fed(): TestJournal {
  const at = new TestJournal()
  ends.push(() => at.close())
  for (let index = 0; index < 400; index++) {
    at.clock.advance(1_000)
    at.send(50 + Math.sin(index) * 3)
  }
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
