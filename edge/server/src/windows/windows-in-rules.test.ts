/**
 * Windows and charts where they are used: in rules, on the journal as it runs, through a crash. The same readings are judged by
 * an appliance that is killed on the way and by one that is not; both must see the same numbers, to the last bit (I3).
 */
import { ruleDefinitionSchema } from '@jidoka/domain'
import { afterEach, describe, expect, test } from 'vitest'
import { TestJournal } from '../pipeline/test-support.ts'

const rule = (changes: Record<string, unknown>) =>
  ruleDefinitionSchema.parse({
    id: 'drift',
    version: 1,
    name: { ko: '편차', en: 'Drift' },
    trigger: { on: 'reading', sensor: 'temperature' },
    inputs: [
      { name: 'mean', from: 'window', window: { by: 'time', seconds: 30 }, stat: 'mean', count_min: 5, kind: 'number' },
      { name: 'slope', from: 'window', window: { by: 'count', count: 10 }, stat: 'slope', kind: 'number' },
      {
        name: 'closed',
        from: 'window',
        mode: 'tumbling',
        window: { by: 'time', seconds: 10 },
        stat: 'max',
        lateness_s: 2,
        max_age_s: 300,
        kind: 'number',
      },
    ],
    script: 'verdict("SEEN", 1, `${input.mean} ${input.slope} ${input.closed}`)',
    ...changes,
  })

const open: TestJournal[] = []
function newJournal(): TestJournal {
  const journal = new TestJournal()
  open.push(journal)
  return journal
}
afterEach(() => {
  for (const journal of open.splice(0)) journal.close()
})

const lastSeen = (at: TestJournal) => at.committed.flatMap(({ judgments }) => judgments).at(-1)

function feed(at: TestJournal, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    at.clock.advance(1_000)
    at.send(50 + Math.sin(index) * 3)
  }
}

describe('a rule that looks at windows', () => {
  test('I4: is UNJUDGED until they have enough readings, and then sees them with the reading that triggers it', () => {
    const at = newJournal()
    at.deploy(rule({}))
    feed(at, 0, 4)
    expect(lastSeen(at)).toMatchObject({ status: 'UNJUDGED', inputs: { mean: { problem: 'missing' } } })
    feed(at, 4, 40)
    const seen = lastSeen(at)
    expect(seen?.status).toBe('SEEN')
    const values = Array.from({ length: 30 }, (_, index) => 50 + Math.sin(10 + index) * 3)
    expect(seen?.inputs['mean']?.value).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 30, 9)
  })

  test.each([{ inOrder: true }, { inOrder: false }])('I3: sees the same after a stop, %o', (stop) => {
    const [whole, stopped] = [newJournal(), newJournal()]
    for (const at of [whole, stopped]) {
      at.deploy(rule({}))
      feed(at, 0, 75)
      if (at === stopped) at.restart(stop)
      feed(at, 75, 80)
    }
    expect(lastSeen(stopped)?.inputs).toEqual(lastSeen(whole)?.inputs)
    expect(lastSeen(whole)?.status).toBe('SEEN')
  })

  test('is judged from the readings of before its deployment', () => {
    const at = newJournal()
    feed(at, 0, 60)
    at.deploy(rule({}))
    feed(at, 60, 61)
    expect(lastSeen(at)?.status).toBe('SEEN')
  })

  test('I4: becomes UNJUDGED by itself when nothing comes any more', () => {
    const at = newJournal()
    at.deploy(rule({}))
    feed(at, 0, 40)
    const swept = at.pass(70).flatMap(({ judgments }) => judgments)
    expect(swept.map(({ status, inputs }) => [status, inputs['mean']?.problem])).toEqual([['UNJUDGED', 'stale']])
  })
})

describe('a rule on a control chart', () => {
  const chart = rule({
    id: 'chart',
    inputs: [
      { name: 'tests', from: 'chart', centre: { parameter: 'centre' }, sigma: 2, tests: 'nelson', kind: 'integer' },
    ],
    parameters: { centre: { value: 50, name: { ko: '중심', en: 'Centre' } } },
    script:
      'if nelson(input.tests, 1) { verdict("BEYOND", 1) } else if nelson(input.tests, 2) { verdict("SHIFTED", 1) } else { verdict("NORMAL", 1) }',
  })

  test('says which test the newest reading violates', () => {
    const at = newJournal()
    at.deploy(chart)
    const statuses = [50.5, 49.5, 57, ...Array.from({ length: 8 }, () => 50.4)].map((value) => {
      at.clock.advance(1_000)
      at.send(value)
      return lastSeen(at)?.status
    })
    expect(statuses).toEqual(['NORMAL', 'NORMAL', 'BEYOND', ...Array.from({ length: 7 }, () => 'NORMAL'), 'SHIFTED'])
  })

  test('sees its own centre beside a rule with another', () => {
    const at = newJournal()
    const other = { ...chart, id: 'chart-b', parameters: { centre: { value: 57, name: { ko: '중심', en: 'Centre' } } } }
    at.deploy(chart, other)
    at.clock.advance(1_000)
    at.send(57)
    const [verdicts] = at.committed.slice(-1).map(({ judgments }) => judgments.map((one) => [one.rule_id, one.status]))
    expect(new Map(verdicts as [string, string][])).toEqual(
      new Map([
        ['chart', 'BEYOND'],
        ['chart-b', 'NORMAL'],
      ]),
    )
  })
})
