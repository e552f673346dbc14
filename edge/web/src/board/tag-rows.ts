import type { BoardTag } from '@jidoka/contract'

/** A place in the table. What changes is read by the cells themselves, so that a new value draws four cells and not a table. */
export interface TagRow {
  readonly key: string
  readonly equipment: string | null
}

export interface TagsOfLine {
  readonly rows: readonly TagRow[]
  /** Discovered tags that nobody has adopted. A device that makes up topics brings thousands, which no table of values can show. */
  readonly waitingCount: number
}

/** The adopted tags of a line in the order of the table: those of the line itself, then by equipment (PRESS-2 before PRESS-10), then by sensor. */
export function tagsOfLine(tags: Iterable<BoardTag>, line: string): TagsOfLine {
  const adopted: BoardTag[] = []
  let waitingCount = 0
  for (const tag of tags) {
    if (tag.line !== line) continue
    if (tag.adopted) adopted.push(tag)
    else waitingCount++
  }
  const rows = adopted
    .toSorted((one, other) => byName(one.equipment ?? '', other.equipment ?? '') || byName(one.sensor, other.sensor))
    .map(({ key, equipment }) => ({ key, equipment }))
  return { rows, waitingCount }
}

const collator = new Intl.Collator('en', { numeric: true })
const byName = (one: string, other: string): number => collator.compare(one, other)
