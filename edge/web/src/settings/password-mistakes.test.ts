import { passwordSchema } from '@jidoka/domain'
import { expect, test } from 'vitest'
import { passwordLengthMin, passwordMistakes } from './password-mistakes.ts'

test('the least length is that of the domain', () => {
  expect(passwordSchema.safeParse('x'.repeat(passwordLengthMin)).success).toBe(true)
  expect(passwordSchema.safeParse('x'.repeat(passwordLengthMin - 1)).success).toBe(false)
})

test('each field says what is wrong with it', () => {
  expect(passwordMistakes({ current: '', next: 'short', repeat: 'other' })).toEqual({
    current: 'needs_current',
    next: 'too_short',
    repeat: 'differs',
  })
  expect(
    passwordMistakes({ current: 'the same password', next: 'the same password', repeat: 'the same password' }),
  ).toEqual({ next: 'same' })
  expect(passwordMistakes({ current: 'old', next: 'a long new password', repeat: 'a long new password' })).toEqual({})
})
