import { describe, expect, test } from 'vitest'
import { RowBatch, RowRefusedError, RowShape } from './index.ts'
import { compiled, fieldsOf, newEngine, someFields, someRow } from '../test/engine.ts'

const reasonOf = (push: () => void): string => {
  try {
    push()
  } catch (error) {
    if (error instanceof RowRefusedError) return `${error.field} ${error.reason}`
    throw error
  }
  return 'accepted'
}

describe('a row never reaches a rule, I4', () => {
  test.each([
    ['NaN', { value: Number.NaN }, 'value not-finite'],
    ['Infinity', { value: Number.POSITIVE_INFINITY }, 'value not-finite'],
    ['-Infinity', { value: Number.NEGATIVE_INFINITY }, 'value not-finite'],
    ['an integer that is NaN', { count: Number.NaN }, 'count not-finite'],
    ['a missing cell', { value: undefined }, 'value missing'],
    ['null', { machine: null }, 'machine missing'],
    ['a fraction for an integer', { count: 1.5 }, 'count not-an-integer'],
    ['an integer that is not safe', { count: 2 ** 53 }, 'count not-an-integer'],
    ['a text for a number', { value: '80' }, 'value wrong-kind'],
    ['a number for a text', { machine: 7 }, 'machine wrong-kind'],
    ['a number for a boolean', { running: 1 }, 'running wrong-kind'],
    ['a boolean for a number', { value: true }, 'value wrong-kind'],
    ['an object', { value: {} }, 'value wrong-kind'],
    ['a text of more than 1,024 bytes', { machine: 'x'.repeat(1_025) }, 'machine too-long'],
    ['a text of more bytes than characters', { machine: '온'.repeat(342) }, 'machine too-long'],
  ])('with %s', (_, wrong, reason) => {
    const batch = new RowBatch(new RowShape(someFields))
    batch.pushRow(someRow)
    expect(reasonOf(() => batch.pushRow({ ...someRow, ...wrong }))).toBe(reason)
    expect(batch.rowCount).toBe(1)
    expect(batch.isInsideRow).toBe(false)
    batch.pushRow(someRow)
    const engine = newEngine()
    expect(engine.outcomes(compiled(engine, 'verdict(input.machine, 1)'), batch)).toHaveLength(2)
  })

  test('judged one by one either', () => {
    const engine = newEngine()
    const rule = compiled(engine, 'verdict("A", 1)')
    expect(() => engine.judge(rule, { value: 1 })).toThrow(RowRefusedError)
    expect(() => engine.judge(rule, { ...someRow, value: Number.NaN })).toThrow(
      /"value" is NaN; the row cannot be judged/,
    )
  })
})

test('texts of 1,024 bytes are accepted', () => {
  const batch = new RowBatch(new RowShape(someFields))
  expect(reasonOf(() => batch.pushRow({ ...someRow, machine: '온'.repeat(341) }))).toBe('accepted')
})

test('integers keep every digit up to 2^53 - 1', () => {
  const engine = newEngine()
  const rule = compiled(engine, 'verdict(`${input.count}`, 1)')
  for (const count of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0]) {
    expect(engine.judge(rule, { ...someRow, count })).toMatchObject({ verdict: { status: String(count) } })
  }
})

test('any text of Unicode comes through as it went in', () => {
  const engine = newEngine()
  const rule = compiled(engine, 'verdict("A", 1, input.machine)')
  for (const machine of ['', 'a', '온도 센서', '😀'.repeat(100), 'ÿ\u0000\n"\\`${}', '\ufeffa']) {
    const explanation = machine === '' ? {} : { explanation: machine }
    expect(engine.judge(rule, { ...someRow, machine })).toEqual({
      kind: 'verdict',
      verdict: { status: 'A', confidence: 1, ...explanation },
    })
  }
})

test('a shape refuses columns of one name, none, and too many', () => {
  expect(() => new RowShape([])).toThrow(RangeError)
  expect(() => new RowShape([...someFields, ...someFields])).toThrow(/twice/)
  expect(() => new RowShape(Array.from({ length: 1_025 }, (_, at) => ({ name: `c${at}`, kind: 'number' })))).toThrow(
    RangeError,
  )
})

test('a batch grows beyond its hint and can be used again', () => {
  const batch = new RowBatch(new RowShape(fieldsOf({ value: 'number' })), { rowsHint: 1 })
  for (let row = 0; row < 100; row++) batch.pushNumber(row)
  expect(batch.rowCount).toBe(100)
  batch.reset()
  expect(batch.rowCount).toBe(0)
})
