import { expect, test } from 'vitest'
import { uiMessages } from '../messages/index.ts'
import { defineMessages, fillMessage, messageMistakes, translator } from './messages.ts'

test('every shared message is there in both languages with the same parameters', () => {
  expect(messageMistakes(uiMessages)).toEqual([])
})

test('a translation that forgets a parameter, or is empty, is named', () => {
  const messages = defineMessages({ en: { a: '{count} rows', b: 'x' } as const, ko: { a: '행', b: ' ' } })
  expect(messageMistakes(messages)).toEqual(['a: English takes (count), Korean takes ()', 'b: empty'])
})

test('a count chooses its word and is grouped by thousands', () => {
  const t = translator(
    defineMessages({ en: { rows: '{count} {count|row|rows}' } as const, ko: { rows: '{count}행' } }),
    'en',
  )
  expect([t('rows', { count: 1 }), t('rows', { count: 0 }), t('rows', { count: 1200 })]).toEqual([
    '1 row',
    '0 rows',
    '1,200 rows',
  ])
})

test('a parameter that is missing stays visible by its name', () => {
  expect(fillMessage('{who} waits', 'en')).toBe('{who} waits')
})

test('a text that is put in is not read as a message itself', () => {
  expect(fillMessage('{a} {b}', 'en', { a: '{b}', b: 'x' })).toBe('{b} x')
})
