import type { Database } from '../store/database.ts'

/** What of a table could not be read. */
export interface TableLoss {
  readonly table: string
  /** Stretches that were passed over. */
  readonly stretches: number
}

/** A row as a list of its columns. */
export type Row = readonly unknown[]
/** False: the row itself is damaged and stays behind. */
export type RowCheck = (table: string, columns: readonly string[], row: Row) => boolean

interface Table {
  readonly name: string
  readonly columns: readonly string[]
  /** Of the primary key, in its order. */
  readonly keys: readonly string[]
  readonly hasRowid: boolean
}

/** Stretches that a table may have before the rest of it is given up: each costs some 50 searches. */
const stretchesMax = 10_000

/** Copies every row that can be read into a database of the same tables, and says of which tables something could not. */
export function copyTables(from: Database, to: Database, isWhole: RowCheck): readonly TableLoss[] {
  return tablesOf(to).flatMap((table) => {
    const copy = new TableCopy(from, to, table, isWhole)
    const stretches = to.transaction(() => (table.hasRowid ? copy.byNumber() : copy.fromBothEnds()))()
    return stretches === 0 ? [] : [{ table: table.name, stretches }]
  })
}

function tablesOf(database: Database): readonly Table[] {
  return database
    .prepare<[], { name: string; wr: number }>(
      "select name, wr from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite_%'",
    )
    .all()
    .map(({ name, wr }) => {
      const columns = database
        .prepare<[string], { name: string; pk: number }>('select name, pk from pragma_table_info(?)')
        .all(name)
      return {
        name,
        columns: columns.map((column) => column.name),
        keys: columns
          .filter(({ pk }) => pk > 0)
          .toSorted((left, right) => left.pk - right.pk)
          .map((column) => column.name),
        hasRowid: wr === 0,
      }
    })
}

class TableCopy {
  readonly #from: Database
  readonly #table: Table
  readonly #isWhole: RowCheck
  readonly #insert

  constructor(from: Database, to: Database, table: Table, isWhole: RowCheck) {
    this.#from = from
    this.#table = table
    this.#isWhole = isWhole
    this.#insert = to.prepare(
      // What a migration has put there gives way to what the old one held.
      `insert or replace into ${table.name} (${table.columns.join(', ')}) values (${table.columns.map(() => '?').join(', ')})`,
    )
  }

  /** Tables with a number as their key: behind a stretch that cannot be read the next number that can is searched for. */
  byNumber(): number {
    const key = this.#table.keys[0] ?? 'rowid'
    const keyAt = this.#table.columns.indexOf(key)
    const rows = readable(() =>
      this.#from.prepare<[number], Row>(`${this.#select} where ${key} >= ? order by ${key}`).raw(true),
    )
    if (rows === null) return 1
    const first = (from: number): Row | null | undefined => readable(() => rows.get(from))
    let stretches = 0
    let next = 0
    while (stretches <= stretchesMax) {
      const whole = readable(() => {
        for (const row of rows.iterate(next)) {
          this.#take(row)
          next = Number(row[keyAt]) + 1
        }
        return true
      })
      if (whole === true) return stretches
      stretches++
      const found = firstReadable(next, (from) => first(from) !== null)
      if (found === null) return stretches
      next = found
    }
    return stretches
  }

  /** Small tables with texts as their keys: forwards until it cannot be read, and then backwards from the end. */
  fromBothEnds(): number {
    const isComplete = this.#scan('asc')
    if (!isComplete) this.#scan('desc')
    return isComplete ? 0 : 1
  }

  #scan(direction: 'asc' | 'desc'): boolean {
    const order = this.#table.keys.map((key) => `${key} ${direction}`).join(', ')
    return (
      readable(() => {
        for (const row of this.#from.prepare<[], Row>(`${this.#select} order by ${order}`).raw(true).iterate())
          this.#take(row)
        return true
      }) === true
    )
  }

  get #select(): string {
    return `select ${this.#table.columns.join(', ')} from ${this.#table.name}`
  }

  #take(row: Row): void {
    if (!this.#isWhole(this.#table.name, this.#table.columns, row)) return
    try {
      this.#insert.run(...row)
    } catch (error) {
      throw new SalvageWriteError('The new journal cannot be written.', { cause: error })
    }
  }
}

/** The new database fails, which must not be taken for damage of the old one. */
export class SalvageWriteError extends Error {
  override name = 'SalvageWriteError'
}

/** The lowest number from which on something can be read (or nothing more is there); null when there is none. */
function firstReadable(failing: number, canRead: (from: number) => boolean): number | null {
  let low = failing
  let step = 1
  while (!canRead(failing + step)) {
    low = failing + step
    if (failing + step >= Number.MAX_SAFE_INTEGER) return null
    step = Math.min(step * 2, Number.MAX_SAFE_INTEGER - failing)
  }
  let high = failing + step
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (canRead(middle)) high = middle
    else low = middle
  }
  return high
}

/** Null where the database cannot be read there: damaged pages, or a disk that gives errors in their place. */
function readable<Answer>(read: () => Answer): Answer | null {
  try {
    return read()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_IOERR') || code === 'SQLITE_NOTADB') return null
    // Of a table that an older program did not have, or whose entry in the schema is damaged.
    if (code === 'SQLITE_ERROR' && error instanceof Error && error.message.startsWith('no such')) return null
    throw error
  }
}
