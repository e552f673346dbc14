import fc from 'fast-check'
import { types } from 'pg'
import { describe, expect, it } from 'vitest'
import { rowTypes } from './backend.ts'

const read = rowTypes.getTypeParser(types.builtins.TIMESTAMPTZ, 'text') as (text: string) => unknown

describe('an instant of a row', () => {
  it('is ISO 8601 in UTC with milliseconds, however many digits the server writes', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        fc.integer({ min: 0, max: 999 }),
        (date, micros) => {
          const iso = date.toISOString()
          const fraction = `${iso.slice(20, 23)}${String(micros).padStart(3, '0')}`.replace(/0+$/, '')
          const written = `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction === '' ? '' : `.${fraction}`}+00`
          expect(read(written)).toBe(iso)
        },
      ),
    )
  })

  it('is the same from a server that speaks another zone', () => {
    expect(read('2026-11-21 18:00:00.25+09')).toBe('2026-11-21T09:00:00.250Z')
    expect(read('2026-11-21 14:30:00+05:30')).toBe('2026-11-21T09:00:00.000Z')
  })

  it('is read past the year 9999 and before the first too', () => {
    expect(read('12026-11-21 09:00:00+00')).toBe('+012026-11-21T09:00:00.000Z')
    expect(read('0044-03-15 12:00:00+00 BC')).toBe('-000043-03-15T12:00:00.000Z')
  })
})
