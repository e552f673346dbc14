/** Longest explanation or problem that the records' schemas take, in UTF-16 units. */
const lengthMax = 2_000

/**
 * A rule's or the engine's text as a record may hold it. PostgreSQL keeps neither NUL nor half of a surrogate pair: one
 * record with either would hold up the whole lane. Both become U+FFFD, also the half that the cut leaves.
 */
export function recordText(text: string): string {
  return text.slice(0, lengthMax).toWellFormed().replaceAll('\0', '\ufffd')
}
