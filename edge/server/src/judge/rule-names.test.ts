import type { Judgment, VerdictRun } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hotRule, newRunner, TestJournal } from '../pipeline/test-support.ts'
import { replay } from '../replay/replay.ts'
import { namedBy, ruleNames } from './rule-names.ts'

const meanOf = (seconds: number, version = 1) =>
  hotRule({
    version,
    inputs: [
      {
        name: 'value',
        from: 'window',
        window: { by: 'time', seconds },
        mode: 'sliding',
        stat: 'mean',
        lateness_s: 0,
        kind: 'number',
        max_age_s: 60,
      },
    ],
    examples: [],
  })

describe('the hash that names a rule', () => {
  let at: TestJournal
  let startMs: number
  beforeEach(() => {
    at = new TestJournal()
    startMs = at.clock.nowMs()
  })
  afterEach(() => at.close())

  const judgments = (): Judgment[] => at.records().flatMap((each) => (each.kind === 'judgment' ? [each.body] : []))
  const runs = (): VerdictRun[] => at.records().flatMap((each) => (each.kind === 'verdict_run' ? [each.body] : []))
  const hashes = () => judgments().map(({ rule_hash: hash }) => hash)
  const again = () =>
    replay({ dataFolder: at.folder, fromMs: startMs, toMs: at.clock.nowMs() + 1, ruleId: undefined, newRunner })
  const second = (value: number) => {
    at.send(value)
    at.pass(1)
  }

  test('is another one when only the length of a window is, and begins another run of verdicts', () => {
    const [half, whole] = [ruleNames(meanOf(30)), ruleNames(meanOf(60, 2))]
    expect(half.script).toBe(whole.script)
    at.deploy(meanOf(30))
    for (let index = 0; index < 5; index++) second(20)
    at.deploy(meanOf(60, 2))
    for (let index = 0; index < 5; index++) second(20)
    at.restart()
    expect(hashes()).toEqual([half.whole, whole.whole])
    expect(runs().map(({ rule_hash: hash, count }) => [hash, count])).toEqual([
      [half.whole, 4],
      [whole.whole, 4],
    ])
    expect([again().differences, again().namedByScript]).toEqual([[], 0])
  })

  test('of an older program means the same rule: nothing is written at the start, and a replay says so', () => {
    const { whole, script } = ruleNames(meanOf(30))
    at.deploy(meanOf(30))
    for (let index = 0; index < 5; index++) second(20)
    second(500)
    const sqlite = at.edit()
    sqlite.exec(`
      update rule_history set hash = replace(hash, '${whole}', '${script}');
      update records set line = replace(line, '${whole}', '${script}'), crc = null;
      update standing set judgment = replace(judgment, '${whole}', '${script}')`)
    const recordsBefore = at.records().length
    at.restart({ inOrder: false })
    expect(sqlite.prepare('select hash, state from rule_history').all()).toEqual([{ hash: script, state: 'in_force' }])
    expect(at.records().length).toBe(recordsBefore)
    for (let index = 0; index < 40; index++) second(20)
    at.restart()
    sqlite.close()
    const findings = again()
    expect([findings.differences, [...findings.notRemade], [...findings.notCompared]]).toEqual([[], [], []])
    const named = hashes()
    expect(new Set(named)).toEqual(new Set([script, whole]))
    expect(findings.namedByScript).toBe(named.filter((hash) => hash === script).length)
    expect(findings.remade).toBe(named.length)
  })

  test('of another rule is no name of this one', () => {
    expect(namedBy(meanOf(30), ruleNames(meanOf(60)).whole)).toBeNull()
    expect(namedBy(meanOf(30), ruleNames(meanOf(60)).script)).toBe('script')
    expect(namedBy(meanOf(30), ruleNames(meanOf(30)).whole)).toBe('whole')
  })
})
