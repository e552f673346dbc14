import { expect, test } from 'vitest'
import { passwordLengthMin, passwordMistakes } from './password.ts'
import { passwordSchema } from './user.ts'

test('a password that has no mistake for its length is one that the schema takes, and no shorter one is', () => {
  for (const length of [passwordLengthMin - 1, passwordLengthMin]) {
    const next = 'a'.repeat(length)
    const isTaken = passwordSchema.safeParse(next).success
    expect(isTaken).toBe(length === passwordLengthMin)
    expect(passwordMistakes({ current: 'the one of now', next, repeat: next })).toEqual(
      isTaken ? {} : { next: 'too_short' },
    )
  }
})

test('each field says its own mistake', () => {
  const right = { current: 'the one of now', next: 'the one to come', repeat: 'the one to come' }
  expect(passwordMistakes(right)).toEqual({})
  expect(passwordMistakes({ ...right, current: '' })).toEqual({ current: 'needs_current' })
  expect(passwordMistakes({ ...right, next: 'short' })).toEqual({ next: 'too_short', repeat: 'differs' })
  expect(passwordMistakes({ ...right, current: right.next })).toEqual({ next: 'same' })
})
