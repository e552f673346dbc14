import { describe, expect, it } from 'vitest'
import { storableInstant, storableJson, storableText } from './storable.ts'

describe('what PostgreSQL cannot hold', () => {
  it('becomes U+FFFD: the character 0 and halves of surrogate pairs', () => {
    expect(storableText('a\u0000b\ud800c\udc00 한 \u{1f3ed}')).toBe('a\ufffdb\ufffdc\ufffd 한 \u{1f3ed}')
  })

  it('is mended in values and names of JSON at any depth, and nothing else is touched', () => {
    expect(JSON.parse(storableJson({ 'k\u0000': ['x\ud800', { deep: 'y\u0000' }], n: 1.5, t: true, z: null }))).toEqual(
      { 'k\ufffd': ['x\ufffd', { deep: 'y\ufffd' }], n: 1.5, t: true, z: null },
    )
  })

  it('is put on the edge of what can be said: instants before 1970 and after 9999', () => {
    expect(storableInstant(-1)).toBe('1970-01-01T00:00:00.000Z')
    expect(storableInstant(Number.MAX_SAFE_INTEGER)).toBe('9999-12-31T00:00:00.000Z')
    expect(storableInstant(Date.UTC(2026, 10, 21, 9, 30, 0, 123))).toBe('2026-11-21T09:30:00.123Z')
  })
})
