import type { TextNumbering, TextOwner } from './text-table.ts'
import type { FieldKind, RuleField } from './rule-source.ts'
import { ruleLimits } from './limits.ts'
import { fieldsMax } from './rule-source.ts'

/** A row that must not reach a rule: a cell is missing, not finite, or of another kind. The caller judges it UNJUDGED. */
export class RowRefusedError extends Error {
  override name = 'RowRefusedError'
  readonly field: string
  readonly reason: 'missing' | 'not-finite' | 'not-an-integer' | 'wrong-kind' | 'too-long'

  constructor(field: string, reason: RowRefusedError['reason'], message: string) {
    super(message)
    this.field = field
    this.reason = reason
  }
}

/** The columns of a batch: names and kinds in order. Rules read the columns that they declare, by name. */
export class RowShape {
  readonly fields: readonly RuleField[]
  readonly width: number
  /** Column of each field. */
  readonly columns: ReadonlyMap<string, number>
  /** Columns that hold texts. */
  readonly textColumns: readonly number[]

  /** Throws a RangeError when there is no column, a name is there twice, or there are more columns than a row may have. */
  constructor(fields: readonly RuleField[]) {
    if (fields.length === 0 || fields.length > rowWidthMax) {
      throw new RangeError(`a row has 1 to ${rowWidthMax} columns, not ${fields.length}`)
    }
    this.fields = fields
    this.width = fields.length
    this.columns = new Map(fields.map(({ name }, column) => [name, column]))
    if (this.columns.size !== fields.length) throw new RangeError('a column is declared twice')
    this.textColumns = fields.flatMap(({ kind }, column) => (kind === 'text' ? [column] : []))
  }
}

/** Columns of a batch; many rules with different fields may share one. Larger rows would only waste their copying. */
export const rowWidthMax = 16 * fieldsMax

/** Distinct texts that a batch remembers from reset to reset, so that names of machines are looked up and not added. */
const textsRememberedMax = 4_096

/**
 * Rows waiting to be judged: cells are pushed in the order of the shape's columns, row after row.
 * Reusable: `reset()` keeps the memory. A push that is refused throws a RowRefusedError and takes back its whole row.
 */
export class RowBatch implements TextOwner {
  readonly shape: RowShape
  /** Cells as 64-bit floats, row-major: booleans are 0 or 1, texts are indices into `texts`. */
  cells: Float64Array
  /** Cells pushed. */
  length = 0
  /** Texts by the number that their cells hold. */
  readonly texts: string[] = []
  /** The engine's own: numbers of `texts` in the module that the batch was last judged by. */
  numbering: TextNumbering | undefined
  readonly #textNumbers = new Map<string, number>()
  readonly #kinds: readonly FieldKind[]
  readonly #textBytesMax: number
  #column = 0

  constructor(shape: RowShape, options: { readonly rowsHint?: number; readonly textBytesMax?: number } = {}) {
    this.shape = shape
    this.cells = new Float64Array(Math.max(1, options.rowsHint ?? 64) * shape.width)
    this.#kinds = shape.fields.map(({ kind }) => kind)
    this.#textBytesMax = options.textBytesMax ?? ruleLimits.textBytesMax
  }

  /** Complete rows. */
  get rowCount(): number {
    return (this.length - this.#column) / this.shape.width
  }

  /** True while a row has some but not all of its cells. */
  get isInsideRow(): boolean {
    return this.#column !== 0
  }

  /** Forgets the rows; numbers of texts may change. */
  reset(): void {
    this.length = 0
    this.#column = 0
    if (this.texts.length > textsRememberedMax) {
      this.numbering = undefined
      this.texts.length = 0
      this.#textNumbers.clear()
    }
  }

  /** A `number` (finite) or an `integer` (safe). */
  pushNumber(value: number): void {
    const kind = this.#kinds[this.#column]
    // A difference with itself is 0 for finite numbers only; integers of 32 bits are the usual ones.
    const isPlain = kind === 'number' ? value - value === 0 : kind === 'integer' && (value | 0) === value
    if (!isPlain) this.#checkNumber(value)
    this.#push(value)
  }

  pushBoolean(value: boolean): void {
    if (this.#kinds[this.#column] !== 'boolean') this.#refuse('wrong-kind', 'is true or false')
    this.#push(value ? 1 : 0)
  }

  pushText(value: string): void {
    if (this.#kinds[this.#column] !== 'text') this.#refuse('wrong-kind', 'is a text')
    this.#push(this.#textNumbers.get(value) ?? this.#numberOf(value))
  }

  /** A whole row from an object with the shape's names. Members that the shape does not have are left aside. */
  pushRow(row: Readonly<Record<string, unknown>>): void {
    if (this.#column !== 0) this.#refuse('missing', 'is missing: the row before it is not complete')
    for (const { name, kind } of this.shape.fields) {
      const value = row[name]
      if (typeof value === 'number') this.pushNumber(value)
      else if (typeof value === 'string') this.pushText(value)
      else if (typeof value === 'boolean') this.pushBoolean(value)
      else this.#refuse(value === undefined || value === null ? 'missing' : 'wrong-kind', `is no ${kind}`)
    }
  }

  #push(cell: number): void {
    const { cells, length } = this
    if (length === cells.length) this.#grow()
    this.cells[length] = cell
    this.length = length + 1
    const column = this.#column + 1
    this.#column = column === this.#kinds.length ? 0 : column
  }

  /** Numbers a text that is new. */
  #numberOf(value: string): number {
    // Three bytes a UTF-16 unit at most, so the exact count is needed for long texts only.
    if (value.length * 3 > this.#textBytesMax && utf8Length(value) > this.#textBytesMax) {
      this.#refuse('too-long', `has more than ${this.#textBytesMax} bytes`)
    }
    const number = this.texts.length
    this.texts.push(value)
    this.#textNumbers.set(value, number)
    return number
  }

  /** Returns for an integer that may stand where it is to. */
  #checkNumber(value: number): void {
    const kind = this.#kinds[this.#column]
    if (value - value !== 0) this.#refuse('not-finite', `is ${value}`)
    if (kind !== 'integer') this.#refuse('wrong-kind', `is a number and not ${kind}`)
    if (!Number.isSafeInteger(value)) this.#refuse('not-an-integer', `is ${value}, which is no integer`)
  }

  #grow(): void {
    const cells = new Float64Array(this.cells.length * 2)
    cells.set(this.cells)
    this.cells = cells
  }

  #refuse(reason: RowRefusedError['reason'], what: string): never {
    const field = this.shape.fields[this.#column]?.name ?? ''
    this.length -= this.#column
    this.#column = 0
    throw new RowRefusedError(field, reason, `the field ${JSON.stringify(field)} ${what}; the row cannot be judged`)
  }
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length
}
