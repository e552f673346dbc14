/** 12: the least that guessing offline cannot get through a slow hash in a plant's lifetime of a password. */
export const passwordLengthMin = 12

/** What a person fills in who changes the own password. */
export interface PasswordFields {
  readonly current: string
  readonly next: string
  readonly repeat: string
}

/** What is wrong with each field. */
export function passwordMistakes({ current, next, repeat }: PasswordFields): {
  readonly current?: 'needs_current'
  readonly next?: 'too_short' | 'same'
  readonly repeat?: 'differs'
} {
  return {
    ...(current === '' ? { current: 'needs_current' } : {}),
    ...(next.length < passwordLengthMin ? { next: 'too_short' } : next === current ? { next: 'same' } : {}),
    ...(repeat === next ? {} : { repeat: 'differs' }),
  }
}
