/**
 * What PostgreSQL cannot hold, made holdable. U+0000 fits no text and no jsonb, and half a surrogate pair no jsonb: one such
 * character in a machine's text would stop an edge's lane for ever. Both become U+FFFD, as every reader of broken text shows them.
 */
export function storableText(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD').toWellFormed()
}

/** The JSON text of a value, holdable as jsonb. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === 'string') return storableText(member)
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member
    return Object.fromEntries(Object.entries(member).map(([key, inner]) => [storableText(key), inner]))
  })
}

/** Years that both timestamptz and ISO 8601 with four digits can say; an instant outside came from a broken clock. */
const instantMsMin = Date.UTC(1970, 0, 1)
const instantMsMax = Date.UTC(9999, 11, 31)

/** Epoch milliseconds as timestamptz takes them; what is out of range is put on its edge. */
export function storableInstant(ms: number): string {
  return new Date(storableMs(ms)).toISOString()
}

/** The same as milliseconds. */
export function storableMs(ms: number): number {
  return Math.min(Math.max(ms, instantMsMin), instantMsMax)
}

export function storableInstantOrNull(ms: number | null): string | null {
  return ms === null ? null : storableInstant(ms)
}
