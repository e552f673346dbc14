import type { JournalRecord } from '@jidoka/domain'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GapTable, rangesOf } from '../keeping/gaps.ts'
import { ratio } from '../judge/test-rules.ts'
import { hotRule, newRunner, productionCount, TestJournal } from '../pipeline/test-support.ts'
import { PrunedRecords } from './pruned-records.ts'
import type { RecordGap } from './pruned-records.ts'
import { replay } from './replay.ts'

/*
 * Retention drops what was judged long before it drops everything: records of a stretch are gone and others of it, and its
 * readings, are held. A replay must take for different nothing that only lost its record (a false alarm, and nobody looks
 * at the next one), and must excuse nothing that was not beside what was dropped.
 */
describe('a replay of a journal that has lost records', () => {
  let at: TestJournal
  let startMs: number
  beforeEach(() => {
    at = new TestJournal()
    startMs = at.clock.nowMs()
  })
  afterEach(() => at.close())

  const again = () =>
    replay({ dataFolder: at.folder, fromMs: startMs, toMs: at.clock.nowMs() + 1, ruleId: undefined, newRunner })

  /** Each in a commit of its own, a second apart. */
  const sendEach = (...values: number[]) => {
    for (const value of values) {
      at.send(value)
      at.clock.advance(1_000)
    }
  }

  /** As retention does it; `isAdmitted` false: as nobody should. Answers how many records went. */
  function drop(isDropped: (record: JournalRecord) => boolean, { isAdmitted = true } = {}): number {
    const seqs = at.records().flatMap((record) => (isDropped(record) ? [record.seq] : []))
    const sqlite = at.edit()
    try {
      const gaps = new GapTable(sqlite)
      for (const seq of seqs) {
        sqlite.prepare('delete from records where seq = ?').run(seq)
        sqlite.prepare('delete from judgments where seq = ?').run(seq)
      }
      const pieces = seqs.map((seq) => ({ firstSeq: seq, lastSeq: seq }))
      for (const range of isAdmitted ? rangesOf(pieces) : [])
        gaps.add('records', { ...range, reason: 'pruned' }, at.clock.nowMs())
      return seqs.length
    } finally {
      sqlite.close()
    }
  }

  const judgmentOf =
    (...readingSeqs: number[]) =>
    (record: JournalRecord): boolean =>
      record.kind === 'judgment' && readingSeqs.includes(record.body.reading_seq ?? 0)

  /** Readings 1 and 2 are a change each, 3 to 5 a run, 6 and 7 a change each, 8 and 9 a run that is closed by the stop. */
  function twoRuns(): void {
    at.deploy(hotRule())
    sendEach(90, 20, 21, 22, 23, 91, 24, 25, 26)
    at.deploy(hotRule({ version: 2 }))
  }

  test('I3: finds nothing where a run that is held begins right behind the records that are not', () => {
    twoRuns()
    expect(drop(judgmentOf(1, 2))).toBe(2)
    const findings = again()
    expect(findings.differences).toEqual([])
    expect([...findings.notCompared]).toEqual([['records beside it are not held any more', 2]])
    expect([findings.runsSame, findings.verdictsCounted]).toEqual([2, 5])
  })

  test('I3: finds a run that begins one reading too early behind the records that are not held', () => {
    twoRuns()
    drop(judgmentOf(1, 2))
    const sqlite = at.edit()
    const change = (from: number, count: number) =>
      sqlite.exec(
        `update records set line = json_set(line, '$.body.first_reading_seq', ${from}, '$.body.count', ${count})
         where kind = 'verdict_run' and json_extract(line, '$.body.last_reading_seq') = 5`,
      )
    change(2, 3)
    expect(again().differences.join('\n')).toContain('there are 4 verdicts')
    change(1, 5)
    expect(again().differences.join('\n')).toContain('readings 1 to 1 are HIGH when judged again')
    sqlite.close()
  })

  test('I3: finds another verdict one reading behind the records that are not held', () => {
    twoRuns()
    drop(judgmentOf(1))
    expect(again().differences).toEqual([])
    drop(judgmentOf(2), { isAdmitted: false })
    expect(again().differences).toEqual([
      'hot at LINE-A/PRESS-1/temperature: reading 2 is NORMAL when judged again, after HIGH, and the journal has no record of that change.',
    ])
  })

  test('I3: finds another verdict right behind a run that is held, in the commit that wrote it', () => {
    twoRuns()
    drop(judgmentOf(1, 2))
    drop(judgmentOf(6), { isAdmitted: false })
    expect(again().differences).toContain(
      'hot at LINE-A/PRESS-1/temperature: reading 6 is HIGH when judged again, after NORMAL, and the journal has no record of that change.',
    )
  })

  test('I3: finds a run that is not there, and none that was dropped with its reason', () => {
    twoRuns()
    const isFirstRun = (record: JournalRecord) => record.kind === 'verdict_run' && record.body.last_reading_seq === 5
    drop(judgmentOf(1))
    expect(again().differences).toEqual([])
    drop(isFirstRun, { isAdmitted: false })
    expect(again().differences.join('\n')).toContain(
      'readings 3 to 3 are NORMAL when judged again, and the journal has no verdict',
    )
  })

  test('I3: what was counted last may be of a run behind the stretch that is not held any more', () => {
    at.deploy(hotRule())
    sendEach(20, 21, 22)
    const toMs = at.clock.nowMs()
    at.send({ topic: 'sensor/LINE-A/PRESS-2/temperature', payload: Buffer.from(at.payload(20)) })
    sendEach(90, 91)
    expect(drop((record) => record.kind === 'verdict_run')).toBe(1)
    const { differences, gaps, notCompared } = replay({
      dataFolder: at.folder,
      fromMs: startMs,
      toMs,
      ruleId: undefined,
      newRunner,
    })
    expect([differences, gaps]).toEqual([[], []])
    expect([...notCompared]).toEqual([['records beside it are not held any more', 2]])
  })

  test('I3: finds nothing where a run ended between two commits of one millisecond', () => {
    at.deploy(hotRule())
    at.send(20, 21)
    at.restart()
    at.send(22, 23)
    at.restart()
    const { differences, runsSame, verdictsCounted } = again()
    expect([differences, runsSame, verdictsCounted]).toEqual([[], 2, 3])
  })

  test('I3: verdicts of production counts keep to their records where earlier ones are not held', () => {
    at.deploy(ratio())
    for (const [index, defects] of [0, 30, 0, 0, 40, 0].entries()) {
      at.events(
        productionCount({
          source_key: `c${index}`,
          occurred_at_ms: at.clock.nowMs(),
          production_count: 100,
          defect_count: defects,
        }),
      )
      at.pass(1)
    }
    at.restart()
    expect(again().differences).toEqual([])
    let seen = 0
    expect(drop((record) => record.kind === 'judgment' && seen++ < 2)).toBe(2)
    const findings = again()
    expect(findings.differences).toEqual([])
    expect(findings.judgmentsSame).toBeGreaterThan(0)
  })

  const made = (index: number, defects: number, line = 'LINE-A') =>
    at.events(
      productionCount({
        line,
        source_key: `${line}-${index}`,
        occurred_at_ms: at.clock.nowMs(),
        production_count: 100,
        defect_count: defects,
      }),
    )
  const dropOldestEvents = (count: number) => {
    let seen = 0
    expect(drop(({ kind }) => kind === 'event' && seen++ < count)).toBe(count)
  }
  const notHeld = 'an event that it looks at may not be held any more'

  test('I3: what a rule saw of an event that is not held any more is not compared, and what came behind the next one is', () => {
    at.deploy(
      ratio(),
      hotRule({
        inputs: [{ name: 'value', from: 'mes', field: 'defect_count', kind: 'number' }],
        parameters: { high: { value: 30, name: { ko: '상', en: 'h' } } },
      }),
    )
    for (const [index, defects] of [0, 50, 0, 60].entries()) {
      made(index, defects)
      at.send(20, 21, 22)
      at.pass(1)
    }
    at.restart()
    expect(again().differences).toEqual([])
    dropOldestEvents(2)
    const findings = again()
    expect([findings.differences, [...findings.notCompared.keys()]]).toEqual([[], [notHeld]])
    expect(findings.judgmentsSame).toBeGreaterThan(0)
  })

  test('I3: finds another verdict behind the first event that is held, and one whose event nobody dropped', () => {
    at.deploy(ratio())
    for (const [index, defects] of [0, 50, 0, 60].entries()) {
      made(index, defects)
      at.pass(1)
    }
    dropOldestEvents(2)
    const sqlite = at.edit()
    sqlite.exec(
      `update records set line = replace(line, '"defect_count":60', '"defect_count":1'), crc = null where kind = 'event'`,
    )
    expect(again().differences).not.toEqual([])
    sqlite.exec(`delete from gaps; delete from records where kind = 'event'`)
    sqlite.close()
    expect(again().differences.join('\n')).toContain('does not come out when the journal is judged again')
  })

  test('I3: finds nothing whichever records of verdicts are not held any more', { timeout: 60_000 }, () => {
    const deadband = hotRule({
      id: 'deadband',
      inputs: [
        { name: 'value', from: 'trigger', kind: 'number', max_age_s: 60 },
        { name: 'before', from: 'previous_status', kind: 'text' },
      ],
      script:
        'if input.value > 80.0 || (input.before == "HIGH" && input.value > 75.0) { verdict("HIGH", 0.9) } else { verdict("NORMAL", 0.9) }',
      hysteresis: { raise_after_count: 2, return_after_count: 2 },
      examples: [],
    })
    const step = fc.record({
      values: fc.array(fc.constantFrom(20, 21, 77, 90, 91), { minLength: 1, maxLength: 6 }),
      isOther: fc.boolean(),
      isLate: fc.boolean(),
      seconds: fc.integer({ min: 0, max: 2 }),
      restarts: fc.constantFrom(null, null, null, true, false),
      count: fc.constantFrom(null, null, 0, 40),
    })
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 3, maxLength: 12 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
        (steps, dropped) => {
          at.close()
          at = new TestJournal()
          startMs = at.clock.nowMs()
          at.deploy(hotRule(), deadband, ratio())
          for (const [index, { values, isOther, isLate, seconds, restarts, count }] of steps.entries()) {
            const timestamp = at.clock.nowMs() - (isLate ? 4_000 : 0)
            const topic = `sensor/LINE-A/PRESS-${isOther ? 2 : 1}/temperature`
            at.send(...values.map((value) => ({ topic, payload: Buffer.from(at.payload(value, { timestamp })) })))
            if (count !== null)
              at.events(
                productionCount({ source_key: `c${index}`, occurred_at_ms: at.clock.nowMs(), defect_count: count }),
              )
            if (restarts !== null) at.restart({ inOrder: restarts })
            // Events of one millisecond are told apart by the judgments between them, which may be what is dropped.
            at.pass(count === null ? seconds : Math.max(1, seconds))
          }
          at.restart()
          expect(again().differences).toEqual([])
          let seen = 0
          drop(
            ({ kind }) =>
              (kind === 'judgment' || kind === 'verdict_run' || kind === 'alarm') &&
              dropped[seen++ % dropped.length] === true,
          )
          expect(again().differences).toEqual([])
        },
      ),
      { numRuns: 12 },
    )
  })
})

describe('records that are not held', () => {
  const gap = (fromSeq: number, toSeq: number, readingsSeqMin: number, readingsSeqMax: number): RecordGap => ({
    fromSeq,
    toSeq,
    count: toSeq - fromSeq + 1,
    reason: 'pruned',
    readingsSeqMin,
    readingsSeqMax,
    isWithin: true,
  })
  const pruned = new PrunedRecords([gap(5, 9, 100, 120), gap(20, 20, 300, 300)])

  test.each([
    [80, 99, false],
    [90, 100, true],
    [120, 130, true],
    [121, 299, false],
    [250, 400, true],
    [301, 400, false],
  ])('of the commit of readings %i to %i: %s', (first, last, expected) => {
    expect(pruned.mayBeOfCommit(first, last)).toBe(expected)
  })

  test('account for readings before them, between two records that are held', () => {
    expect(pruned.mayAccountFor(40, { afterSeq: 0, beforeSeq: 10 })).toBe(true)
    expect(pruned.mayAccountFor(40, { afterSeq: 0, beforeSeq: 5 })).toBe(false)
    expect(pruned.mayAccountFor(40, { afterSeq: 9, beforeSeq: 20 })).toBe(false)
    expect(pruned.mayAccountFor(121, { afterSeq: 0, beforeSeq: 20 })).toBe(false)
    expect(pruned.mayAccountFor(121, { afterSeq: 0, beforeSeq: 21 })).toBe(true)
    expect(pruned.mayAccountFor(121, { afterSeq: 0, beforeSeq: 21, commitLastSeq: 130 })).toBe(false)
    expect(pruned.mayAccountFor(301, {})).toBe(false)
  })
})
