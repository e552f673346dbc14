export interface PasswordFields {
  readonly current: string
  readonly next: string
  readonly repeat: string
}

/** As `passwordSchema` of the domain; a test holds the two equal. */
export const passwordLengthMin = 12

export type PasswordMistake = 'needs_current' | 'too_short' | 'same' | 'differs'

/** What is wrong with each field. */
export function passwordMistakes({
  current,
  next,
  repeat,
}: PasswordFields): Partial<Record<keyof PasswordFields, PasswordMistake>> {
  return {
    ...(current === '' ? { current: 'needs_current' } : {}),
    ...(next.length < passwordLengthMin ? { next: 'too_short' } : next === current ? { next: 'same' } : {}),
    ...(repeat === next ? {} : { repeat: 'differs' }),
  }
}
