export interface PasswordFields {
  readonly current: string
  readonly next: string
  readonly repeat: string
}

/** As `passwordSchema` of the domain; a test holds the two equal. */
export const passwordLengthMin = 12

/** What is wrong with each field, as the end of a message's key. */
export function passwordMistakes(fields: PasswordFields): {
  current?: 'needs_current'
  next?: 'too_short' | 'same'
  repeat?: 'differs'
} {
  return {
    ...(fields.current === '' ? { current: 'needs_current' as const } : {}),
    ...(fields.next.length < passwordLengthMin
      ? { next: 'too_short' as const }
      : fields.next === fields.current
        ? { next: 'same' as const }
        : {}),
    ...(fields.repeat === fields.next ? {} : { repeat: 'differs' as const }),
  }
}
