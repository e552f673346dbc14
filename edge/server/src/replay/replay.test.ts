import type { Judgment } from '@jidoka/domain'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../cli/run.ts'
import { judgeLimits } from '../judge/limits.ts'
import { pressure, ratio } from '../judge/test-rules.ts'
import { hotRule, newRunner, productionCount, TestJournal } from '../pipeline/test-support.ts'
import { replay } from './replay.ts'

/*
 * I3: every verdict of a stretch can be made again, from its snapshot and from the journal. The replay must find nothing
 * in a journal that is as it was written, whatever happened to it, and must find each thing that was changed behind its back.
 */
describe('a replay of the journal', () => {
  let at: TestJournal
  let startMs: number
  beforeEach(() => {
    at = new TestJournal()
    startMs = at.clock.nowMs()
  })
  afterEach(() => at.close())

  const again = (fromMs = startMs, toMs = at.clock.nowMs() + 1, ruleId?: string) =>
    replay({ dataFolder: at.folder, fromMs, toMs, ruleId, newRunner })
  const judgments = (): Judgment[] => at.records().flatMap((each) => (each.kind === 'judgment' ? [each.body] : []))
  const accounted = () =>
    at
      .records()
      .reduce(
        (sum, each) => sum + (each.kind === 'judgment' ? 1 : each.kind === 'verdict_run' ? each.body.count : 0),
        0,
      )
  const sendPressure = (value: number) =>
    at.send({ topic: 'sensor/LINE-A/pressure', payload: Buffer.from(at.payload(value, { unit: 'bar' })) })

  const deadband = () =>
    hotRule({
      id: 'deadband',
      inputs: [
        { name: 'value', from: 'trigger', kind: 'number', max_age_s: 60 },
        { name: 'before', from: 'previous_status', kind: 'text' },
      ],
      script:
        'if input.value > 80.0 || (input.before == "HIGH" && input.value > 75.0) { verdict("HIGH", 0.9) } else { verdict("NORMAL", 0.9) }',
      hysteresis: { raise_after_count: 2, return_after_count: 3 },
      examples: [],
    })
  const mean = () =>
    hotRule({
      id: 'mean',
      inputs: [
        {
          name: 'mean',
          from: 'window',
          window: { by: 'time', seconds: 30 },
          stat: 'mean',
          kind: 'number',
          max_age_s: 20,
          count_min: 2,
        },
      ],
      script: 'if input.mean > 60.0 { verdict("HIGH", 0.9, `mean ${input.mean}`) } else { verdict("NORMAL", 0.9) }',
      examples: [],
    })

  /** An hour of a line with everything that can happen to it. */
  function live(steps: number): void {
    at.deploy(hotRule(), deadband(), ratio(), pressure(), mean())
    for (let step = 0; step < steps; step++) {
      if (step % 7 === 0) sendPressure(4 + (step % 3))
      at.send(...Array.from({ length: 5 }, (_, index) => 60 + ((step * 7 + index * 13) % 45)))
      if (step % 5 === 0) at.send({ payload: Buffer.from(at.payload(81, { timestamp: at.clock.nowMs() - 4_000 })) })
      if (step % 11 === 0)
        at.events(productionCount({ source_key: `c${step}`, occurred_at_ms: at.clock.nowMs(), defect_count: step % 9 }))
      if (step === 20)
        at.deploy(
          hotRule({ version: 2, parameters: { high: { value: 70, name: { ko: '상', en: 'h' } } }, examples: [] }),
        )
      if (step === 25) at.restart({ inOrder: false })
      if (step === 30) {
        at.deploy(
          hotRule({
            id: 'broken',
            script: 'if input.value > 50.0 { throw "no" } verdict("NORMAL", 1.0)',
            examples: [],
          }),
        )
        at.send({ topic: 'sensor/LINE-A/PRESS-2/temperature', payload: Buffer.from(at.payload(20)) })
      }
      if (step === 40) at.restart()
      at.pass(step % 13 === 0 ? 70 : 1)
    }
  }

  test('I3: finds nothing in what was written, and accounts for every verdict', { timeout: 60_000 }, () => {
    live(60)
    at.restart()
    const findings = again()
    expect([findings.differences, findings.gaps, [...findings.notCompared], [...findings.notRemade]]).toEqual([
      [],
      [],
      [],
      [],
    ])
    expect(findings.remade).toBe(judgments().length)
    const takenOut = judgments().filter(({ explanation }) => explanation?.includes('taken out') === true).length
    expect(takenOut).toBe(1)
    expect(findings.judgmentsSame + findings.verdictsCounted).toBe(accounted() - takenOut)
    expect(findings.verdictsCounted).toBeGreaterThan(50)
  })

  test('I3: finds nothing in any part of it, with what came before as it was', { timeout: 60_000 }, () => {
    live(60)
    const endMs = at.clock.nowMs()
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: endMs - startMs }),
        fc.integer({ min: 0, max: endMs - startMs }),
        (one, two) => {
          const { differences } = again(startMs + Math.min(one, two), startMs + Math.max(one, two) + 1)
          expect(differences).toEqual([])
        },
      ),
      { numRuns: 30 },
    )
  })

  test('I3: begins anywhere in what hysteresis counts, with late readings among it and a new version behind it', () => {
    const version = (number: number) => ({
      ...deadband(),
      version: number,
      hysteresis: { raise_after_count: 2, return_after_count: 5 },
    })
    const late = (value: number) => at.send({ payload: Buffer.from(at.payload(value, { timestamp: startMs })) })
    const step = (act: () => void) => {
      act()
      at.pass(1)
    }
    at.deploy(version(1))
    at.pass(1)
    for (const number of [2, 3]) {
      for (const value of [90, 90, 70]) step(() => at.send(value))
      // Two that say the same and are counted in a run, which the third ends with a record of its own.
      for (const value of [60, 65, 95]) step(() => late(value))
      step(() => at.send(71))
      for (const value of [60, 65]) step(() => late(value))
      if (number === 2) step(() => at.deploy(version(2)))
      for (let left = 5; left > 0; left--) step(() => at.send(72))
    }
    const steps = (at.clock.nowMs() - startMs) / 1_000
    for (let from = 0; from < steps; from++)
      expect([from, again(startMs + from * 1_000).differences]).toEqual([from, []])
  })

  test.each<[string, number]>([
    ['ahead by a year', 365 * 86_400_000],
    ['ahead by a minute', 60_000],
    ['back by a year', -365 * 86_400_000],
  ])('I3: goes on behind a clock that was set %s and then right again', { timeout: 60_000 }, (_what, leapMs) => {
    at.deploy(hotRule(), deadband(), mean())
    const second = (index: number) => {
      at.send(60 + ((index * 13) % 45), 60 + ((index * 7) % 45))
      at.pass(1)
    }
    for (let index = 0; index < 20; index++) second(index)
    at.clock.jump(leapMs)
    for (let index = 0; index < 5; index++) second(index)
    at.deploy(hotRule({ version: 2, parameters: { high: { value: 70, name: { ko: '상', en: 'h' } } }, examples: [] }))
    at.clock.jump(-leapMs)
    for (let index = 0; index < 20; index++) second(index)
    at.restart()
    for (let index = 0; index < 20; index++) second(index)
    const findings = again()
    expect([findings.differences, findings.gaps]).toEqual([[], []])
    expect(findings.readings).toBe(130)
    expect(findings.judgmentsSame + findings.verdictsCounted).toBe(accounted())
    // What comes after the leap can be looked at alone.
    const after = again(at.clock.nowMs() - 15_000)
    expect([after.differences, after.readings]).toEqual([[], 30])
  })

  test('I3: one rule alone comes out as it does among the others', { timeout: 60_000 }, () => {
    live(30)
    const findings = again(startMs, at.clock.nowMs() + 1, 'deadband')
    expect(findings.differences).toEqual([])
    expect(findings.remade).toBe(judgments().filter(({ rule_id: id }) => id === 'deadband').length)
  })

  test('I3: verdicts beyond the bound of records a second are counted as what they were', () => {
    at.deploy(hotRule())
    at.send(...Array.from({ length: judgeLimits.repeatedRecordsPerSecondMax + 70 }, (_, index) => 90 + (index % 5)))
    at.send(20)
    const findings = again()
    expect([findings.differences, findings.verdictsCounted]).toEqual([[], 70])
  })

  test.each<[string, string, RegExp]>([
    [
      'a judgment whose sentence was changed',
      `update records set line = replace(line, '95.0 > 80.0', '99.0 > 80.0') where kind = 'judgment'`,
      /From its snapshot: hot .* said .*99/,
    ],
    [
      'a judgment whose input was changed, with a sentence to match',
      `update records set line = replace(line, '95', '96') where kind = 'judgment'`,
      /Judged again: hot .* reading 13/,
    ],
    [
      'a judgment that was taken away',
      `delete from records where kind = 'judgment' and line like '%HIGH%'`,
      /reading 13 is HIGH when judged again, after NORMAL/,
    ],
    [
      'a run that counts one more',
      `update records set line = replace(line, '"count":11', '"count":12')`,
      /run of 12 x NORMAL.* there are 11/,
    ],
    [
      'a run of another status',
      `update records set line = replace(line, '"status":"NORMAL","first', '"status":"IDLE","first')`,
      /run of 11 x IDLE.* are NORMAL/,
    ],
    [
      'a rule that was not the one in force',
      `update rule_history set definition = replace(definition, '"value":80', '"value":10')`,
      /The history of rules holds another rule hot/,
    ],
  ])('finds %s', (_what, sql, sentence) => {
    at.deploy(hotRule())
    at.send(...Array.from({ length: 12 }, (_, index) => 20 + index))
    at.send(95)
    const sqlite = at.edit()
    expect(again().differences).toEqual([])
    expect(sqlite.prepare(sql).run().changes).toBeGreaterThan(0)
    sqlite.close()
    expect(again().differences.join('\n')).toMatch(sentence)
  })

  test('says which readings are not held any more, and compares the rest', () => {
    at.deploy(hotRule())
    at.send(20, 90)
    at.clock.advance(1_000)
    at.send(20, 91)
    at.clock.advance(1_000)
    at.send(20, 92)
    const sqlite = at.edit()
    sqlite.exec(`
      delete from reading_segments where first_seq = 3;
      insert into gaps values ('readings', 3, 4, 2, 'space', 0)`)
    sqlite.close()
    const findings = again()
    expect(findings.gaps).toEqual(['Readings 3 to 4 are not held any more (space).'])
    expect([findings.differences, [...findings.notCompared]]).toEqual([[], [['its reading is not held any more', 2]]])
    expect(findings.judgmentsSame).toBe(4)
  })

  test('takes a verdict for no change where the readings with the change are not held any more', () => {
    at.deploy(hotRule())
    for (const value of [90, 20, 21]) {
      at.send(value)
      at.clock.advance(1_000)
    }
    at.restart()
    const sqlite = at.edit()
    sqlite.exec(`
      delete from reading_segments where first_seq = 2;
      insert into gaps values ('readings', 2, 2, 1, 'space', 0)`)
    sqlite.close()
    const findings = again()
    expect([findings.differences, findings.runsSame]).toEqual([[], 1])
  })

  test('says which records are not held any more, and takes their verdicts for no difference', () => {
    at.deploy(hotRule())
    at.send(20, 21, 22, 90, 20, 21)
    at.restart()
    const sqlite = at.edit()
    sqlite.exec(`
      delete from records where kind = 'verdict_run' or line like '%"status":"NORMAL"%';
      insert into gaps values ('records', 3, 8, 4, 'pruned', 0)`)
    sqlite.close()
    const findings = again()
    expect(findings.gaps).toEqual(['4 of the records 3 to 8 are not held any more (pruned).'])
    expect([findings.differences, findings.judgmentsSame]).toEqual([[], 1])
    expect(findings.notCompared.size).toBe(1)
  })

  test('I3: what a new epoch says again of what stands is no second verdict', () => {
    at.deploy(hotRule(), ratio())
    at.send(20, 90)
    at.events(productionCount({ occurred_at_ms: at.clock.nowMs(), defect_count: 40 }))
    const begin = { epoch: 'b'.repeat(32), startSeqs: { readings: 1, records: 1 }, actor: 'test' }
    // In the same instant, and later.
    for (const seconds of [0, 5]) {
      at.clock.advance(seconds * 1_000)
      at.command({ kind: 'begin_epoch', begin: { ...begin, epoch: String(seconds).repeat(32) } })
    }
    at.send(21, 91, 92)
    at.restart()
    const findings = again()
    expect([findings.differences, [...findings.notCompared]]).toEqual([[], []])
    expect(findings.judgmentsSame + findings.verdictsCounted).toBe(6)
  })

  test('finds a record whose checksum does not fit, also of a rule on the clock, and one that cannot be read', () => {
    at.deploy(
      hotRule({
        trigger: { on: 'timer', every_s: 5, sensor: 'temperature' },
        inputs: [{ name: 'value', from: 'tag', sensor: 'temperature', kind: 'number', max_age_s: 60 }],
      }),
    )
    at.send(20)
    at.pass(25)
    at.restart()
    const sqlite = at.edit()
    const change = (to: string) =>
      expect(sqlite.prepare(`update records set line = ${to} where kind = 'verdict_run'`).run().changes).toBe(1)
    const { differences, onTheClock, notCompared } = again()
    expect([differences, onTheClock, [...notCompared.values()]]).toEqual([[], 5, [4]])
    change(`replace(line, '"NORMAL"', '"HIGH"')`)
    expect(again().differences).toEqual([expect.stringMatching(/^Record \d+ is not as it was written/)])
    change(`substr(line, 1, 40)`)
    expect(again().differences).toEqual([expect.stringMatching(/^Record \d+ is not as it was written/)])
    sqlite.close()
  })

  test('from the command line says what it did, beside the running appliance, and ends with what it found', async () => {
    at.deploy(hotRule())
    at.send(20, 21, 90)
    const run = async (...more: string[]) => {
      const lines: string[] = []
      const iso = (ms: number) => new Date(ms).toISOString()
      const code = await runCli(
        ['replay', '--from', iso(startMs), '--to', iso(at.clock.nowMs() + 1), '--data', at.folder, ...more],
        {
          out: (line) => lines.push(line),
          err: (line) => lines.push(line),
          environment: {},
          signal: AbortSignal.abort(),
        },
      )
      return [code, lines.join('\n')]
    }
    expect(await run()).toEqual([0, expect.stringMatching(/2 judgments came out the same[^]*3 readings and 0 events/)])
    expect(await run('--rule', 'nope')).toEqual([
      2,
      expect.stringContaining('There is no rule "nope" in this journal.'),
    ])
    expect(await run('--rule', hotRule().id)).toEqual([0, expect.stringContaining('2 judgments came out the same')])
    expect(await run('--to', 'never')).toEqual([2, expect.stringContaining('--to is an instant')])
    const sqlite = at.edit()
    sqlite.exec("update records set line = replace(line, '90.0 > 80.0', '91.0 > 80.0') where kind = 'judgment'")
    sqlite.close()
    expect(await run()).toEqual([3, expect.stringMatching(/DIFFERENT {2}From its snapshot: hot version 1/)])
  })
})
