import { expect, test } from 'vitest'
import { keyName } from './hotkeys.ts'

const key = (name: string, code: string) => keyName({ key: name, code, isComposing: false })

test('a key means its letter with the Korean layout switched on', () => {
  expect(key('ㅓ', 'KeyJ')).toBe('j')
  expect(key('ㅏ', 'KeyK')).toBe('k')
})

test('a key means what it writes with any Latin layout', () => {
  expect(key('J', 'KeyJ')).toBe('j')
  expect(key('j', 'KeyC')).toBe('j')
  expect(key('?', 'Slash')).toBe('?')
  expect(key('Escape', 'Escape')).toBe('Escape')
})
