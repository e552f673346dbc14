import { passwordSchema } from '@jidoka/domain'
import { expect, it } from 'vitest'
import { passwordLengthMin, passwordMistakes } from './password-mistakes.ts'

it('a password is as long as the cloud takes it, and no shorter', () => {
  for (const length of [passwordLengthMin - 1, passwordLengthMin])
    expect(passwordSchema.safeParse('a'.repeat(length)).success).toBe(length === passwordLengthMin)
})

it('each field says its own mistake', () => {
  const right = { current: 'the one of now', next: 'the one to come', repeat: 'the one to come' }
  expect(passwordMistakes(right)).toEqual({})
  expect(passwordMistakes({ ...right, current: '' })).toEqual({ current: 'needs_current' })
  expect(passwordMistakes({ ...right, next: 'short' })).toEqual({ next: 'too_short', repeat: 'differs' })
  expect(passwordMistakes({ ...right, current: right.next })).toEqual({ next: 'same' })
})
