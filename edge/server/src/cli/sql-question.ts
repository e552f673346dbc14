import { z } from 'zod'
import { SqlView } from '../store/sql-view.ts'
import type { Cell, SqlAnswer } from '../store/sql-view.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { csvField } from './export-rows.ts'
import { LineSink } from './line-sink.ts'

/** A longer cell would push the others off the screen. */
const tableCellMax = 60

export const sqlQuestionSchema = z.strictObject({
  dataFolder: z.string(),
  sql: z.string(),
  format: z.enum(['table', 'csv', 'ndjson']),
  limit: z.number().int().min(1),
})
export type SqlQuestion = z.infer<typeof sqlQuestionSchema>

/** @throws JournalOpenError, OperationalError when the statement is not one that reads */
export async function askSql(
  { dataFolder, sql, format, limit }: SqlQuestion,
  context: CommandContext,
): Promise<ExitCode> {
  const damaged: string[] = []
  const view = new SqlView({
    dataFolder,
    onDamaged: ({ firstSeq, count }) => damaged.push(`${firstSeq} to ${firstSeq + count - 1}`),
  })
  try {
    const isCut = await print(view.query(sql), format, limit, context)
    if (isCut) context.err(`There are more than ${limit} rows. Take --limit for more.`)
    if (damaged.length > 0) context.err(`Damaged, and not in the answer: readings ${damaged.join(', ')}.`)
    return damaged.length > 0 ? 3 : 0
  } finally {
    view.close()
  }
}

/** True when rows were left out. */
async function print(
  { columns, rows }: SqlAnswer,
  format: SqlQuestion['format'],
  limit: number,
  context: CommandContext,
): Promise<boolean> {
  const sink = new LineSink(context, undefined)
  const table: string[][] = []
  let isCut = false
  if (format === 'csv') await sink.line(columns.map(csvField).join(','))
  let count = 0
  for (const row of rows) {
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

const short = (text: string): string => (text.length <= tableCellMax ? text : `${text.slice(0, tableCellMax - 1)}…`)

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
