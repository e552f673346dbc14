import { createHash } from 'node:crypto'
import type { ArchivedRow, ArchivedTable } from './tables.ts'

/** What rows are, in their order, whatever the file that holds them looks like. */
export class RowDigest {
  readonly #hash = createHash('sha256')
  readonly #names: readonly string[]
  rows = 0

  constructor({ columns }: Pick<ArchivedTable, 'columns'>) {
    this.#names = Object.keys(columns)
    this.#hash.update(JSON.stringify(columns))
  }

  add(row: ArchivedRow): void {
    this.rows++
    const cells = this.#names.map((name) => {
      const cell = row[name] ?? null
      // JSON has no word for these, nor for a negative zero.
      return typeof cell === 'number' && (!Number.isFinite(cell) || Object.is(cell, -0))
        ? { n: Object.is(cell, -0) ? '-0' : String(cell) }
        : cell
    })
    this.#hash.update(`\n${JSON.stringify(cells)}`)
  }

  hex(): string {
    return this.#hash.copy().digest('hex')
  }
}
