import type { Column } from './column-reader.ts'

/** All readings of one tag in order of arrival. */
export interface TagColumn {
  readonly tagNo: number
  readonly count: number
  /** Per reading: index into `valueKinds`. */
  readonly kind: Uint8Array
  readonly seq: Float64Array
  /** Source time, whole milliseconds since 1970 UTC. */
  readonly timeMs: Float64Array
  /** The number itself, 0 or 1 of a boolean, the index into `texts` of a text. */
  readonly number: Float64Array
  /** Index into `qualities`. */
  readonly quality: Uint8Array
  readonly texts: readonly string[]
}

/** A tag has a column for each kind that it ever was; nearly all have one. */
export function joinColumns(firstSeq: number, columns: readonly Column[]): TagColumn | null {
  const [first] = columns
  if (first === undefined) return null
  const count = columns.reduce((sum, column) => sum + column.count, 0)
  const joined = {
    tagNo: first.tagNo,
    count,
    kind: new Uint8Array(count),
    seq: new Float64Array(count),
    timeMs: columns.length === 1 ? first.timeMs : new Float64Array(count),
    number: columns.length === 1 ? first.number : new Float64Array(count),
    quality: columns.length === 1 ? first.quality : new Uint8Array(count),
    // One kind has texts.
    texts: columns.flatMap(({ texts }) => texts),
  }
  if (columns.length === 1) {
    joined.kind.fill(first.kind)
    for (let index = 0; index < count; index++) joined.seq[index] = firstSeq + (first.places[index] as number)
    return joined
  }
  const next = columns.map(() => 0)
  for (let index = 0; index < count; index++) {
    const from = columnWithLeastPlace(columns, next)
    const column = columns[from] as Column
    const at = next[from] as number
    next[from] = at + 1
    joined.kind[index] = column.kind
    joined.seq[index] = firstSeq + (column.places[at] as number)
    joined.timeMs[index] = column.timeMs[at] as number
    joined.number[index] = column.number[at] as number
    joined.quality[index] = column.quality[at] as number
  }
  return joined
}

function columnWithLeastPlace(columns: readonly Column[], next: readonly number[]): number {
  let least = -1
  let leastPlace = Number.POSITIVE_INFINITY
  for (const [index, column] of columns.entries()) {
    const place = column.places[next[index] as number] ?? Number.POSITIVE_INFINITY
    if (place >= leastPlace) continue
    least = index
    leastPlace = place
  }
  return least
}
