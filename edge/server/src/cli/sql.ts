import { parseArgs } from 'node:util'
import { SqlView } from '../store/sql-view.ts'
import type { Cell, SqlAnswer } from '../store/sql-view.ts'
import { dataFolderOf, UsageError } from './command.ts'
import type { Command, CommandContext } from './command.ts'
import { csvField } from './export-rows.ts'
import { LineSink } from './line-sink.ts'

const sqlLimits = {
  /** What a person looks at. */
  rowsAtFirst: 1_000,
  /** Aligned columns need all rows in memory. */
  tableRowsMax: 10_000,
  /** A longer cell would push the others off the screen. */
  tableCellMax: 60,
} as const

export const sqlCommand: Command = {
  name: 'sql',
  summary: 'a question to the journal in SQL, which it cannot change',
  help: `jidoka sql "select ..." [--format table|csv|ndjson] [--limit N] [--data FOLDER]

  readings   tag, time, time_ms, value, text, quality, seq, received_ms
             readings('LINE-A/temperature', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z') reads one tag and span only:
             tag, from and to may each be left out from the end, or null
  tags       tag_no, tag, kind, unit, last_ms, last_value, last_quality
  records    seq, at, at_ms, kind, body (JSON)
  judgments  seq, at, at_ms, id, rule_id, line, status, abnormal, subject, confidence, explanation, body (JSON)

  --limit N      rows at most (default 1000)
  --format       table (default), csv or ndjson
  --data FOLDER  data folder of the appliance (default: JIDOKA_DATA or data/edge)

  jidoka sql "select strftime('%H', time) as hour, avg(value), max(value) from readings('LINE-A/temperature') group by 1"`,
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { format: { type: 'string', default: 'table' }, limit: { type: 'string' }, data: { type: 'string' } },
    })
    const [sql, ...more] = positionals
    if (sql === undefined || more.length > 0) throw new UsageError('Give one statement, in quotes.')
    const { format } = values
    if (format !== 'table' && format !== 'csv' && format !== 'ndjson')
      throw new UsageError(`--format is table, csv or ndjson, not "${format}".`)
    const limit = Number(values.limit ?? sqlLimits.rowsAtFirst)
    if (!Number.isSafeInteger(limit) || limit < 1) throw new UsageError('--limit is a whole number from 1 on.')
    if (format === 'table' && limit > sqlLimits.tableRowsMax)
      throw new UsageError(`A table has ${sqlLimits.tableRowsMax} rows at most. Take --format csv or ndjson for more.`)
    const damaged: string[] = []
    const view = new SqlView({
      dataFolder: dataFolderOf(values.data, context),
      onDamaged: ({ firstSeq, count }) => damaged.push(`${firstSeq} to ${firstSeq + count - 1}`),
    })
    try {
      const answer = view.query(sql)
      const isCut = await print(answer, format, limit, context)
      if (isCut) context.err(`There are more than ${limit} rows. Take --limit for more.`)
      if (damaged.length > 0) context.err(`Damaged, and not in the answer: readings ${damaged.join(', ')}.`)
      return damaged.length > 0 ? 3 : 0
    } finally {
      view.close()
    }
  },
}

/** True when rows were left out. */
async function print(
  { columns, rows }: SqlAnswer,
  format: 'table' | 'csv' | 'ndjson',
  limit: number,
  context: CommandContext,
): Promise<boolean> {
  const sink = new LineSink(context, undefined)
  const table: string[][] = []
  let isCut = false
  if (format === 'csv') await sink.line(columns.map(csvField).join(','))
  let count = 0
  for (const row of rows) {
    if (context.signal.aborted) break
    if (count++ === limit) {
      isCut = true
      break
    }
    if (format === 'table') table.push(row.map((cell) => short(textOf(cell))))
    else await sink.line(format === 'csv' ? row.map((cell) => csvField(textOf(cell))).join(',') : ndjson(columns, row))
  }
  if (format === 'table') for (const line of aligned(columns, table)) await sink.line(line)
  await sink.close()
  return isCut
}

const textOf = (cell: Cell): string =>
  cell === null ? '' : cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : String(cell)

const short = (text: string): string =>
  text.length <= sqlLimits.tableCellMax ? text : `${text.slice(0, sqlLimits.tableCellMax - 1)}…`

const ndjson = (columns: readonly string[], row: readonly Cell[]): string =>
  JSON.stringify(
    Object.fromEntries(
      columns.map((name, index) => {
        const cell = row[index] ?? null
        return [name, cell instanceof Uint8Array || typeof cell === 'bigint' ? textOf(cell) : cell]
      }),
    ),
  )

function aligned(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((name, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), name.length),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(columns), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)]
}
