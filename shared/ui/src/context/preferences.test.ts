import { expect, test } from 'vitest'
import { localeOfBrowser, readPreferences, writePreferences } from './preferences.ts'

function storage(content: Record<string, string> = {}): Storage {
  const kept = new Map(Object.entries(content))
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  } as Storage
}
const refusing = {
  getItem: () => {
    throw new DOMException('denied', 'SecurityError')
  },
  setItem: () => {
    throw new DOMException('full', 'QuotaExceededError')
  },
} as unknown as Storage

test('a choice is read back', () => {
  const kept = storage()
  expect(writePreferences(kept, { locale: 'ko', theme: 'dark' })).toBe(true)
  expect(readPreferences(kept)).toEqual({ locale: 'ko', theme: 'dark' })
})

test.each(['not json', 'null', '[]', '{"locale":"fr","theme":7}'])(
  'what is stored as %s counts as no choice',
  (stored) => {
    expect(readPreferences(storage({ 'jidoka.preferences': stored }))).toEqual({ locale: null, theme: 'system' })
  },
)

test('a browser that refuses storage is no error', () => {
  expect(readPreferences(refusing)).toEqual({ locale: null, theme: 'system' })
  expect(writePreferences(refusing, { locale: 'ko', theme: 'system' })).toBe(false)
  expect(readPreferences(undefined)).toEqual({ locale: null, theme: 'system' })
})

test('the first language of the browser that the product speaks is taken', () => {
  expect([localeOfBrowser(['fr', 'ko-KR', 'en']), localeOfBrowser(['en-US', 'ko']), localeOfBrowser(['de'])]).toEqual([
    'ko',
    'en',
    'en',
  ])
})
