import type { Page } from './console-api.ts'

/** What of a list is being read: so many pages from a cursor on; null is the first. */
export interface PageReading {
  readonly cursor: string | null
  readonly count: number
}

export const firstOf = (pages: number): PageReading => ({ cursor: null, count: Math.max(1, pages) })

/** Read from the first on they take the place of all; else they come behind. */
export function afterReading<Row>(
  before: readonly Page<Row>[],
  { cursor }: PageReading,
  got: readonly Page<Row>[],
): readonly Page<Row>[] {
  return cursor === null ? got : [...before, ...got]
}
