export const piiKinds = ['email', 'phone', 'resident_number', 'name'] as const
export type PiiKind = (typeof piiKinds)[number]

/** Where something personal stands, in UTF-16 units of the text that was given. Does not hold it, so that findings may be logged. */
export interface Finding {
  readonly kind: PiiKind
  readonly from: number
  readonly to: number
}

/** A part of a folded text that is replaced. */
export interface Hidden {
  readonly from: number
  readonly to: number
  readonly by: string
}

/** A finding in a folded text, with what of it is hidden. */
export interface Detected extends Finding {
  readonly hidden: readonly Hidden[]
}

/** Each unit of `from` to `to` as a star. */
export const stars = (from: number, to: number): Hidden => ({ from, to, by: '*'.repeat(to - from) })
