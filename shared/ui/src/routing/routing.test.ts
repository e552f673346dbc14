import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchPath } from './match.ts'
import { readUrlState, urlChoice, urlFlag, urlText, writeUrlState } from './url-state.ts'

test('a path gives the parts that its pattern names, decoded', () => {
  expect(matchPath('/lines/:code', '/lines/A%2F1/')).toEqual({ code: 'A/1' })
  expect(matchPath('/', '/')).toEqual({})
  expect(matchPath('/lines/:code', '/lines')).toBeNull()
  expect(matchPath('/lines/:code', '/rules/x')).toBeNull()
})

test('a path with a broken escape fits nothing', () => {
  expect(matchPath('/lines/:code', '/lines/%E0%A4%A')).toBeNull()
})

const fields = { line: urlText(), range: urlChoice(['1h', '8h'], '1h'), abnormal: urlFlag() }

test('what the page opens with leaves the URL empty', () => {
  expect(writeUrlState(fields, '', { line: '', range: '1h', abnormal: false })).toBe('')
})

test('a change keeps the rest of the query, also what is not its own', () => {
  expect(writeUrlState(fields, '?view=wall&line=A', { range: '8h' })).toBe('?view=wall&line=A&range=8h')
  expect(writeUrlState(fields, '?line=A&range=8h', { line: '' })).toBe('?range=8h')
})

test('what somebody typed into the URL and no page knows is the default', () => {
  expect(readUrlState(fields, '?range=99y&abnormal=maybe')).toEqual({ line: '', range: '1h', abnormal: false })
})

test('whatever is written is read back', () => {
  fc.assert(
    fc.property(
      fc.record({ line: fc.string(), range: fc.constantFrom('1h' as const, '8h' as const), abnormal: fc.boolean() }),
      (state) => {
        expect(readUrlState(fields, writeUrlState(fields, '?other=1', state))).toEqual(state)
      },
    ),
  )
})
