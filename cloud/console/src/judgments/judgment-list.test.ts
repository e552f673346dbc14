import { expect, test } from 'vitest'
import { judgment } from '../../test/fixture-data.ts'
import { emptyList, judgmentListStep, waitingMax, type JudgmentList, type JudgmentListEvent } from './judgment-list.ts'

const after = (...events: JudgmentListEvent[]): JudgmentList => events.reduce(judgmentListStep, emptyList)
const loaded: JudgmentListEvent = { kind: 'loaded', rows: [judgment(3), judgment(2)], nextCursor: 'next' }
const arrived = (number: number): JudgmentListEvent => ({ kind: 'arrived', id: judgment(number).execution_id })

test('what arrives is counted once and moves no row', () => {
  const before = after(loaded)
  const list = [arrived(4), arrived(5), arrived(4)].reduce(judgmentListStep, before)
  expect(list.rows).toBe(before.rows)
  expect(list.waiting.size).toBe(2)
})

test('a row that is shown is not new', () => {
  expect(after(loaded, arrived(3)).waiting.size).toBe(0)
})

test('what arrives while the first page is being read and is not in it stays counted', () => {
  const list = after(loaded, { kind: 'load' }, arrived(4), arrived(5), {
    kind: 'loaded',
    rows: [judgment(4), judgment(3)],
    nextCursor: null,
  })
  expect([...list.waiting]).toEqual([judgment(5).execution_id])
})

test('reading again clears the count', () => {
  expect(after(loaded, arrived(4), { kind: 'load' }).waiting.size).toBe(0)
})

test('a following page is put behind, and a row that is on both is shown once', () => {
  const list = after(
    loaded,
    { kind: 'load_more' },
    { kind: 'more_loaded', rows: [judgment(2), judgment(1)], nextCursor: null },
  )
  expect(list.rows.map((row) => row.execution_id)).toEqual([3, 2, 1].map((number) => judgment(number).execution_id))
  expect(list.nextCursor).toBeNull()
})

test('a following page that comes after the list was read anew is left out', () => {
  const list = after(
    loaded,
    { kind: 'load_more' },
    { kind: 'load' },
    { kind: 'more_loaded', rows: [judgment(1)], nextCursor: null },
  )
  expect(list.rows).toHaveLength(2)
})

test('the last page has nothing behind it to load', () => {
  const list = after({ ...loaded, nextCursor: null })
  expect(judgmentListStep(list, { kind: 'load_more' })).toBe(list)
})

test('a failure keeps the rows and says why', () => {
  const error = new Error('line cut')
  const list = after(loaded, { kind: 'load_more' }, { kind: 'failed', error })
  expect(list).toMatchObject({ phase: 'ready', error })
  expect(list.rows).toHaveLength(2)
})

test('a tab that is left open for a week does not count for ever', () => {
  let list = after(loaded)
  for (let number = 10; number < 10 + waitingMax + 50; number += 1) list = judgmentListStep(list, arrived(number))
  expect(list.waiting.size).toBe(waitingMax)
  expect(list.waitingMany).toBe(true)
})
