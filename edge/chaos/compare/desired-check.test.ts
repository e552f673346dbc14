import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TestJournal } from '../../server/src/pipeline/test-support.ts'
import { desiredItems, firstDesired } from '../subject/desired.ts'
import type { Desired } from '../subject/desired.ts'
import { desiredFaults } from './desired-check.ts'

/*
 * A journal that has one change as a whole and a few slices of the next, as a kill leaves it. Then what the harness is there to find is
 * done to it by hand.
 */
const second: Desired = { turn: 2, manyCount: 40 }
let at: TestJournal

beforeEach(() => {
  at = new TestJournal()
  at.command({ kind: 'apply_desired', change: changeTo(firstDesired) })
  // Time passes by 5 ms at each look: five rules fit into a slice.
  vi.spyOn(at.clock, 'monotonicMs').mockImplementation(() => (at.clock.advance(5), at.clock.nowMs()))
})
afterEach(() => {
  vi.restoreAllMocks()
  at.close()
})

const changeTo = (desired: Desired) => ({
  upserts: desiredItems(desired),
  removals: [],
  replaceAll: true,
  position: { handle: 'chaos', offset: String(desired.turn) },
})
const faults = () => desiredFaults(at.folder, [firstDesired, second])

function slices(count: number): void {
  for (let slice = 0; slice < count; slice++)
    expect(at.command({ kind: 'go_ahead', change: slice === 0 ? changeTo(second) : null }).isDone).toBe(false)
}

function spoil(sql: string): void {
  const database = at.edit()
  const { changes } = database.prepare(sql).run()
  database.close()
  expect(changes).toBeGreaterThan(0)
}

test('one change as a whole, slices of the next, and then all of it are clean', () => {
  expect(faults()).toEqual([])
  slices(3)
  expect(faults()).toEqual([])
  at.command({ kind: 'apply_desired', change: changeTo(second) })
  expect(faults()).toEqual([])
})

test.each([
  [
    'a change that is noted before all of its rules are there',
    `update meta set value = json_set(value, '$.offset', '2') where name = 'desired_position'`,
    /^the rule many-\d+ is not stored, and the change 2 that has it is noted as in force$/,
  ],
  [
    'a change that nobody has asked for',
    `update meta set value = json_set(value, '$.offset', '7') where name = 'desired_position'`,
    /^the change 7 is noted as in force, and nobody has asked for it/,
  ],
  [
    'a rule that goes before it may',
    `delete from desired_items where key = 'windows'`,
    /^the rule windows is not stored, and the change 1 that has it is noted as in force$/,
  ],
  [
    'a rule that is not the one that was sent',
    `update desired_items set body = json_set(body, '$.cool_down_s', 5) where key = 'many-0'`,
    /^the rule many-0 of version 2 is stored, and the change 1 is noted as in force, behind which no change has it$/,
  ],
  [
    'a rule that is stored and not in force',
    `delete from rules where rule_id = 'many-0'`,
    /^the rule many-0 of version 2 is stored, and none of its name is in force$/,
  ],
  [
    'a rule that is stored and was never reported',
    `delete from reported_items where key = 'many-0'`,
    /^the rule many-0 of version 2 is stored, and its last report is missing$/,
  ],
  [
    'a rule that is in force and not stored',
    `delete from desired_items where key = 'many-0'`,
    /^the rule many-0 is in force, and is not stored as desired$/,
  ],
])('%s is found', (_what, sql, sentence) => {
  slices(3)
  spoil(sql)
  expect(faults()).toContainEqual(expect.stringMatching(sentence))
})
