import { fileWriter, ParquetWriter } from 'hyparquet-writer'
import type { SchemaElement, Writer } from 'hyparquet-writer'
import type { ExportedReading } from './export-rows.ts'

/** Rows of a group: what is in memory at once, some 30 MB, and what a reader can skip. */
const groupRows = 100_000

const required = 'REQUIRED'
const optional = 'OPTIONAL'
const schema: SchemaElement[] = [
  { name: 'readings', num_children: 9 },
  { name: 'time', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: required },
  { name: 'tag', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: required },
  { name: 'number', type: 'DOUBLE', repetition_type: optional },
  { name: 'boolean', type: 'BOOLEAN', repetition_type: optional },
  { name: 'text', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: optional },
  { name: 'unit', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: required },
  { name: 'quality', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: required },
  { name: 'received', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: required },
  { name: 'seq', type: 'INT64', repetition_type: required },
]

/** Readings as a Parquet file; each kind of value has a column of its own, empty where a reading is of another. */
export function writeParquet(file: string, readings: Iterable<ExportedReading>): number {
  const writer: Writer = fileWriter(file)
  const parquet = new ParquetWriter({ writer, schema, createdBy: 'jidoka' })
  let group: ExportedReading[] = []
  let count = 0
  const flush = () => {
    if (group.length > 0) void parquet.write({ columnData: columnsOf(group), rowGroupSize: groupRows })
    count += group.length
    group = []
  }
  for (const reading of readings) {
    group.push(reading)
    if (group.length === groupRows) flush()
  }
  flush()
  void parquet.finish()
  return count
}

function columnsOf(readings: readonly ExportedReading[]) {
  const column = <Cell>(name: string, cell: (reading: ExportedReading) => Cell) => ({ name, data: readings.map(cell) })
  return [
    column('time', ({ timeMs }) => BigInt(timeMs)),
    column('tag', ({ tag }) => tag),
    column('number', ({ value }) => (typeof value === 'number' ? value : null)),
    column('boolean', ({ value }) => (typeof value === 'boolean' ? value : null)),
    column('text', ({ value }) => (typeof value === 'string' ? value : null)),
    column('unit', ({ unit }) => unit),
    column('quality', ({ quality }) => quality),
    column('received', ({ receivedMs }) => BigInt(receivedMs)),
    column('seq', ({ seq }) => BigInt(seq)),
  ]
}
