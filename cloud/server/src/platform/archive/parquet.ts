import type { SchemaElement } from 'hyparquet-writer'
import type { ArchivedRow, ArchivedTable, Cell, ColumnType } from './tables.ts'

/** Rows of a group: what is in memory at once, some 10 MB, and what a reader takes at once. */
const groupRows = 10_000

const elementOf: Record<ColumnType, Omit<SchemaElement, 'name'>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  // As text: a reader that parses it makes of numbers what JavaScript can hold.
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
}

function toParquet(type: ColumnType, cell: Cell): unknown {
  if (cell === null) return null
  if (type === 'time') return BigInt(Date.parse(String(cell)))
  return type === 'integer' ? BigInt(cell) : cell
}

function fromParquet(cell: unknown): Cell {
  if (cell === null || cell === undefined) return null
  if (cell instanceof Date) return cell.toISOString()
  if (typeof cell === 'bigint') return Number(cell)
  if (typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'boolean') return cell
  throw new TypeError(`a cell of the file is a ${typeof cell}`)
}

/** Rows as the bytes of a Parquet file, a group at a time. */
export async function* parquetOf(
  { columns }: Pick<ArchivedTable, 'columns'>,
  batches: AsyncIterable<readonly ArchivedRow[]>,
): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer')
  const writer = new ByteWriter()
  const schema: SchemaElement[] = [
    { name: 'rows', num_children: Object.keys(columns).length },
    ...Object.entries(columns).map(([name, type]) => ({
      name,
      repetition_type: 'OPTIONAL' as const,
      ...elementOf[type],
    })),
  ]
  const parquet = new ParquetWriter({ writer, schema, createdBy: 'jidoka' })
  const take = () => {
    const bytes = writer.getBytes().slice()
    writer.index = 0
    return bytes
  }
  const write = (rows: readonly ArchivedRow[]) =>
    parquet.write({
      columnData: Object.entries(columns).map(([name, type]) => ({
        name,
        data: rows.map((row) => toParquet(type, row[name] ?? null)),
      })),
      rowGroupSize: groupRows,
    })
  let held: ArchivedRow[] = []
  for await (const batch of batches) {
    for (const row of batch) {
      held.push(row)
      if (held.length < groupRows) continue
      await write(held)
      yield take()
      held = []
    }
  }
  if (held.length > 0) await write(held)
  await parquet.finish()
  yield take()
}

/** Bytes of which any part can be had. */
export interface SlicedFile {
  readonly bytes: number
  readonly slice: (from: number, to: number) => Promise<Uint8Array>
}

/** The rows of a file, a group at a time, in its order. */
export async function* rowsOfParquet({ bytes, slice }: SlicedFile): AsyncGenerator<ArchivedRow[]> {
  const file = {
    byteLength: bytes,
    slice: async (from: number, to = bytes) => {
      const part = await slice(from < 0 ? bytes + from : from, to)
      return part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength) as ArrayBuffer
    },
  }
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet')
  const metadata = await parquetMetadataAsync(file)
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd })
    yield rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, fromParquet(cell)])))
    rowStart = rowEnd
  }
}
