import { afterEach, beforeEach, expect, test } from 'vitest'
import { RuleHistoryTrim } from './rule-history.ts'
import { gibibyte, KeptJournal } from './testing/kept-journal.ts'

let at: KeptJournal
beforeEach(() => {
  at = new KeptJournal()
})
afterEach(() => at.close())

type State = 'in_force' | 'disabled' | 'removed'

/** From where in both lanes on a definition of a rule was in force. */
function entry(rule: string, readingsSeq: number, recordsSeq: number, state: State = 'in_force'): void {
  at.database
    .prepare(
      'insert into rule_history (at_ms, readings_seq, records_seq, rule_id, hash, state, definition) values (0, ?, ?, ?, ?, ?, ?)',
    )
    .run(readingsSeq, recordsSeq, rule, `hash-${readingsSeq}`, state, state === 'removed' ? null : '{}')
}

const left = () =>
  at.all<{ at: string }>('select rule_id || readings_seq as at from rule_history order by id').map((row) => row.at)

function trim(): void {
  new RuleHistoryTrim(at.database).trim(0)
}

test('a definition stays as long as a reading that it judged is held, and the newest for ever', () => {
  entry('hot', 0, 0)
  entry('hot', 10, 0)
  entry('hot', 20, 0)
  entry('cold', 5, 0)
  at.segment(10)
  at.segment(10)
  at.segment(10)
  trim()
  expect(left()).toEqual(['hot0', 'hot10', 'hot20', 'cold5'])
  at.database.exec('delete from reading_segments where first_seq = 1')
  trim()
  expect(left()).toEqual(['hot10', 'hot20', 'cold5'])
  at.database.exec('delete from reading_segments')
  trim()
  expect(left()).toEqual(['hot20', 'cold5'])
})

test.each(['judgment', 'verdict_run', 'event'] as const)(
  'a definition stays as long as a record of its time is held, here a %s',
  (kind) => {
    entry('hot', 0, 0)
    at.record({ kind: 'audit', body: {} })
    at.record({ kind, body: {} })
    entry('hot', 10, 2)
    trim()
    expect(left()).toEqual(['hot0', 'hot10'])
    at.database.exec('delete from records where seq = 2')
    trim()
    expect(left()).toEqual(['hot10'])
  },
)

test('a rule that was removed leaves nothing once nothing of its time is held', () => {
  entry('hot', 0, 0)
  entry('hot', 10, 0, 'removed')
  at.segment(10)
  trim()
  expect(left()).toEqual(['hot0', 'hot10'])
  at.segment(1)
  at.database.exec('delete from reading_segments where first_seq = 1')
  trim()
  expect(left()).toEqual([])
})

test('a step is bounded, and the next ones go on until nothing is left to take', () => {
  for (let seq = 0; seq < 450; seq++) entry('hot', seq, 0)
  at.segment(1_000)
  at.segment(1)
  at.database.exec('delete from reading_segments where first_seq = 1')
  const history = new RuleHistoryTrim(at.database)
  const counts = [0, 1, 2, 3].map((step) => {
    history.trim(step)
    return left().length
  })
  expect(counts).toEqual([250, 50, 1, 1])
})

test('what is dropped takes the definitions of its time along', () => {
  const retention = at.retention({ hasCloud: false })
  entry('hot', 0, 0)
  at.segment(10)
  entry('hot', 10, 0)
  at.clock.advance(86_400_000 * 40)
  at.segment(10)
  at.space = { totalBytes: 100 * gibibyte, usedBytes: 10 * gibibyte, freeBytes: 90 * gibibyte }
  expect(at.drop(retention)).toMatchObject([{ from_seq: 1, to_seq: 10 }])
  expect(left()).toEqual(['hot10'])
})
