import { expect, test } from 'vitest'
import { quarantineSentence, readQuarantineSentence } from './quarantine-sentence.ts'

test.each([
  ['Line 2, column 5: Division by zero', { error: 'Division by zero', place: { line: 2, column: 5 } }],
  ['It used too much time.\nMore of it.', { error: 'It used too much time.\nMore of it.', place: null }],
  ['', { error: '', place: null }],
])('what a quarantine says of %j is read back with its place', (error, parts) => {
  expect(readQuarantineSentence(quarantineSentence(5, error))).toEqual({ times: 5, ...parts })
})

test('another problem of a rule is no failure', () => {
  expect(readQuarantineSentence('This program no longer takes the rule: unknown input')).toBeNull()
})
