import type { BoardTag } from '@jidoka/contract'

/** A place in the table. What changes is read by the cells themselves, so that a new value draws four cells and not a table. */
export interface TagRow {
  readonly key: string
  readonly equipment: string | null
}

/** The tags of a line in the order of the table: those of the line itself, then by equipment (PRESS-2 before PRESS-10), then by sensor. */
export function tagRows(tags: Iterable<BoardTag>, line: string): TagRow[] {
  return [...tags]
    .filter((tag) => tag.line === line)
    .toSorted((one, other) => byName(one.equipment ?? '', other.equipment ?? '') || byName(one.sensor, other.sensor))
    .map(({ key, equipment }) => ({ key, equipment }))
}

const collator = new Intl.Collator('en', { numeric: true })
const byName = (one: string, other: string): number => collator.compare(one, other)
