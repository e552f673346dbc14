import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTagKey, tagKey } from './tag.ts'

const code = fc.stringMatching(/^[A-Za-z0-9가-힣][A-Za-z0-9가-힣._-]{0,20}$/)

test('a key names the place that it was made of', () => {
  fc.assert(
    fc.property(code, fc.option(code), code, (line, equipment, sensor) => {
      expect(parseTagKey(tagKey({ line, equipment, sensor }))).toEqual({ line, equipment, sensor })
    }),
  )
})

test.each([
  '',
  'LINE-A',
  '/temperature',
  'LINE-A/',
  'LINE-A/a/b/c',
  'LINE-A/+/b',
  'LINE-A/#',
  'a b/c',
  '-a/b',
  `${'x'.repeat(49)}/b`,
])('"%s" names no tag', (key) => {
  expect(parseTagKey(key)).toBe(null)
})

test('parsing never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseTagKey(text)))
})
