import { unjudged } from '@jidoka/domain'
import type { Judgment } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hotRule, TestJournal } from '../pipeline/test-support.ts'

describe('a rule that is deployed', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  const judgments = (): Judgment[] =>
    at.records().flatMap((record) => (record.kind === 'judgment' ? [record.body] : []))
  const standing = () => at.read((reader) => reader.standingVerdicts()).map(({ judgment }) => judgment.status)
  const alarmStates = () => at.records().flatMap((record) => (record.kind === 'alarm' ? [record.body.state] : []))

  describe('I7: is refused, and the version before stays in force,', () => {
    test.each<[string, Parameters<typeof hotRule>[0], RegExp]>([
      [
        'a rule that fails an example',
        {
          examples: [
            { input: { value: 90 }, status: 'HIGH' },
            { input: { value: 70 }, status: 'HIGH' },
          ],
        },
        /Example 2 of 2 is judged NORMAL and should be HIGH/,
      ],
      ['an example without an input', { examples: [{ input: {}, status: 'HIGH' }] }, /no value for the input "value"/],
      ['a script that does not compile', { script: 'if input.value > {' }, /Line 1, column/],
      [
        'a script that reads what is not declared',
        { script: 'if input.speed > 1.0 { verdict("HIGH", 1.0) } else { verdict("NORMAL", 1.0) }' },
        /speed/,
      ],
      ['a normal status that alarms', { alarms: { NORMAL: 'low' } }, /NORMAL is a normal one/],
      [
        'an input twice',
        {
          inputs: [
            { name: 'value', from: 'trigger', kind: 'number' },
            { name: 'value', from: 'tag', sensor: 'x', kind: 'number' },
          ],
        },
        /declared twice/,
      ],
      ['a production rule that asks for the reading', { trigger: { on: 'mes' } }, /triggered by production counts/],
    ])('%s', (_what, change, sentence) => {
      at.deploy(hotRule())
      const [reported] = at.deploy(hotRule({ version: 2, ...change }))
      expect(reported).toMatchObject({
        kind: 'rule',
        key: 'hot',
        version: 2,
        state: 'refused',
        problem: expect.stringMatching(sentence),
      })
      expect(at.journal.rules()).toMatchObject([{ state: 'in_force', definition: { version: 1 } }])
      at.restart()
      expect(at.send(90).judgments).toMatchObject([{ rule_version: 1, status: 'HIGH' }])
    })
  })

  test('a new version takes over what stands and its open alarm', () => {
    at.deploy(hotRule())
    at.send(85)
    at.deploy(
      hotRule({ version: 2, parameters: { high: { value: 88, name: { ko: '상한', en: 'High' } } }, examples: [] }),
    )
    expect(standing()).toEqual(['HIGH'])
    at.send(85)
    expect(judgments().at(-1)).toMatchObject({ rule_version: 2, status: 'NORMAL', previous_status: 'HIGH' })
    expect(alarmStates()).toEqual(['unacknowledged', 'returned'])
  })

  test.each(['removed', 'disabled', 'moved to another line'])(
    'a rule that is %s takes its verdicts down and lets its alarms return',
    (what) => {
      at.deploy(hotRule())
      at.send(90)
      if (what === 'removed')
        at.command({
          kind: 'apply_desired',
          change: {
            upserts: [],
            removals: [{ kind: 'rule', key: 'hot' }],
            replaceAll: false,
            position: { handle: 'h', offset: '2' },
          },
        })
      else
        at.deploy(
          hotRule({
            version: 2,
            ...(what === 'disabled'
              ? { enabled: false }
              : { trigger: { on: 'reading', sensor: 'temperature', lines: ['LINE-Z'] } }),
          }),
        )
      expect(standing()).toEqual([])
      expect(alarmStates()).toEqual(['unacknowledged', 'returned'])
      expect(at.send(95).judgments).toEqual([])
    },
  )

  test('what comes again unchanged after a fresh start of the shape is not reported twice', () => {
    const [first] = at.deploy(hotRule())
    const records = at.records().length
    expect(
      at.command({
        kind: 'apply_desired',
        change: {
          upserts: [{ kind: 'rule', key: 'hot', version: 1, body: hotRule() }],
          removals: [],
          replaceAll: true,
          position: { handle: 'h2', offset: '0' },
        },
      }),
    ).toEqual([first])
    expect(at.records().length).toBe(records)
  })

  test('I7: a rule that fails five times is taken out and reported, and the others go on', () => {
    at.deploy(
      hotRule(),
      hotRule({ id: 'runaway', script: 'if input.value > 50.0 { loop {} } verdict("NORMAL", 1.0)', examples: [] }),
    )
    at.send(20, 60, 60, 60, 60)
    expect(at.journal.rules().find(({ definition }) => definition.id === 'runaway')).toMatchObject({
      state: 'in_force',
    })
    const committed = at.send(60, 90)
    expect(committed.reported).toMatchObject([
      { key: 'runaway', state: 'quarantined', problem: expect.stringContaining('times and was taken out') },
    ])
    expect(at.send(20).verdicts).toMatchObject([{ judgment: { rule_id: 'hot', status: 'NORMAL' } }])
    expect(
      at
        .read((reader) => reader.standingVerdicts())
        .map(({ judgment }) => `${judgment.rule_id} ${judgment.status}`)
        .toSorted(),
    ).toEqual(['hot NORMAL', `runaway ${unjudged}`])
    at.restart()
    expect(at.journal.rules().find(({ definition }) => definition.id === 'runaway')).toMatchObject({
      state: 'quarantined',
    })
    at.deploy(hotRule({ id: 'runaway', version: 2 }))
    expect(
      at
        .send(90)
        .judgments.map(({ rule_id: ruleId }) => ruleId)
        .toSorted(),
    ).toEqual(['hot', 'runaway'])
  })

  test('judges what comes after it, and the version before what came first, also in one commit', () => {
    at.deploy(hotRule())
    at.send(20)
    const second = hotRule({
      version: 2,
      parameters: { high: { value: 10, name: { ko: '상한', en: 'High' } } },
      examples: [],
    })
    at.sendAndCommand([85], {
      kind: 'apply_desired',
      change: {
        upserts: [{ kind: 'rule', key: 'hot', version: 2, body: second }],
        removals: [],
        replaceAll: false,
        position: { handle: 'h', offset: '3' },
      },
    })
    at.send(20)
    expect(judgments().map(({ rule_version: version, status }) => [version, status])).toEqual([
      [1, 'NORMAL'],
      [1, 'HIGH'],
      [2, 'HIGH'],
    ])
  })
})
