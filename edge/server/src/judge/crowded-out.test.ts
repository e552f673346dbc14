import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { hotRule, TestJournal } from '../pipeline/test-support.ts'
import type * as Limits from './limits.ts'

vi.mock('./limits.ts', async (original) => {
  const { judgeLimits } = await original<typeof Limits>()
  return { judgeLimits: { ...judgeLimits, pairsMax: 6 } }
})

let at: TestJournal
beforeEach(() => {
  at = new TestJournal()
})
afterEach(() => at.close())

const press = (number: number) => ({
  topic: `sensor/LINE-A/PRESS-${number}/temperature`,
  payload: Buffer.from(at.payload(20)),
})
const standing = () => at.read((reader) => reader.standingVerdicts()).length
const reported = () => at.records().flatMap((each) => (each.kind === 'reported' ? [each.body] : []))

test('I7: a rule for which there is no room at the sensors that there are is refused with a sentence', () => {
  at.send(press(1), press(2), press(3), press(4))
  expect(at.deploy(hotRule({ id: 'a' }))).toMatchObject([{ state: 'applied' }])
  expect(at.deploy(hotRule({ id: 'b' }))).toMatchObject([
    { state: 'refused', problem: expect.stringMatching(/judge at 8 places .* keeps 6/) },
  ])
  at.send(press(1), press(2))
  expect(standing()).toBe(2)
})

test('sensors that come when there is no room left are stored and not judged, and the rules say so once', () => {
  at.deploy(hotRule({ id: 'a' }), hotRule({ id: 'b' }))
  at.send(press(1), press(2), press(3))
  expect(standing()).toBe(6)
  const before = at.read((reader) => reader.lanes()).readingsSeq
  at.send(press(4), press(5))
  at.send(press(4), press(1))
  expect(at.read((reader) => reader.lanes()).readingsSeq).toBe(before + 4)
  expect(standing()).toBe(6)
  const known = reported().length
  at.pass(3)
  expect(reported().slice(known)).toMatchObject([
    { key: 'a', state: 'applied', problem: expect.stringContaining('does not judge at sensors that came last') },
    { key: 'b', state: 'applied' },
  ])
  expect(at.journal.rules()[0]?.problem).toContain('no room')
})

test('when other rules have made room they judge everywhere, and say so once', () => {
  at.deploy(hotRule({ id: 'a' }), hotRule({ id: 'b' }))
  at.send(press(1), press(2), press(3), press(4))
  at.pass(1)
  expect(at.journal.rules()[0]?.problem).toContain('no room')
  const known = reported().length
  at.command({
    kind: 'apply_desired',
    change: {
      upserts: [],
      removals: [{ kind: 'rule', key: 'b' }],
      replaceAll: false,
      position: { handle: 'h', offset: '2' },
    },
  })
  at.pass(3)
  expect(reported().slice(known)).toMatchObject([
    { key: 'b', state: 'removed' },
    { key: 'a', state: 'applied', problem: null },
  ])
  at.send(press(4))
  expect(standing()).toBe(4)
  expect(at.journal.rules()[0]?.problem).toBeNull()
})

test('a sensor that comes when a rule on the clock has no room left is stored and not judged by it, and the rule says so once', () => {
  at.deploy(
    hotRule({
      id: 'clock',
      trigger: { on: 'timer', every_s: 5, sensor: 'temperature' },
      inputs: [{ name: 'value', from: 'tag', sensor: 'temperature', kind: 'number', max_age_s: 60 }],
    }),
  )
  at.send(...Array.from({ length: 6 }, (_, index) => press(index + 1)))
  at.pass(6)
  expect([standing(), at.journal.rules()[0]?.problem]).toEqual([6, null])
  const known = reported().length
  at.send(press(7), press(8))
  at.pass(12)
  expect(standing()).toBe(6)
  expect(reported().slice(known)).toMatchObject([
    { kind: 'rule', key: 'clock', state: 'applied', problem: expect.stringContaining('sensors that came last') },
  ])
})

test('a rule on the clock has no more places than there is room for', () => {
  at.deploy(
    hotRule({
      id: 'clock',
      trigger: { on: 'timer', every_s: 5, sensor: 'temperature' },
      inputs: [{ name: 'value', from: 'tag', sensor: 'temperature', kind: 'number', max_age_s: 60 }],
    }),
  )
  at.send(...Array.from({ length: 9 }, (_, index) => press(index + 1)))
  at.pass(11)
  expect(standing()).toBe(6)
  expect(at.journal.rules()[0]?.problem).toContain('no room')
})
