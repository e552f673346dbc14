import { parseArgs } from 'node:util'
import { dataFolderOf, UsageError } from './command.ts'
import type { Command } from './command.ts'
import { askInProcess } from './question-process.ts'
import type { SqlQuestion } from './sql-question.ts'

const sqlLimits = {
  /** What a person looks at. */
  rowsAtFirst: 1_000,
  /** Aligned columns need all rows in memory. */
  tableRowsMax: 10_000,
  /** A question that runs on holds the log of the database, which then grows. */
  timeoutSAtFirst: 60,
  timeoutSMax: 3_600,
} as const

export const sqlCommand: Command = {
  name: 'sql',
  summary: 'a question to the journal in SQL, which it cannot change',
  help: `jidoka sql "select ..." [--format table|csv|ndjson] [--limit N] [--timeout S] [--data FOLDER]

  readings   tag, time, time_ms, value, text, quality, seq, received_ms
             readings('LINE-A/temperature', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z') reads one tag and span only:
             tag, from and to may each be left out from the end, or null
  tags       tag_no, tag, kind, unit, last_ms, last_value, last_quality
  records    seq, at, at_ms, kind, body (JSON)
  judgments  seq, at, at_ms, id, rule_id, line, status, abnormal, subject, confidence, explanation, body (JSON)

  --limit N      rows at most (default 1000)
  --format       table (default), csv or ndjson
  --timeout S    seconds after which the question is stopped (default 60, at most 3600)
  --data FOLDER  data folder of the appliance (default: JIDOKA_DATA or data/edge)

Other tables of the journal can be read too. Those with password hashes and sessions (users, settings, desired_items) are not shown.
Exit code 130: stopped with Ctrl+C or SIGTERM.

  jidoka sql "select strftime('%H', time) as hour, avg(value), max(value) from readings('LINE-A/temperature') group by 1"`,
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: 'string', default: 'table' },
        limit: { type: 'string' },
        timeout: { type: 'string' },
        data: { type: 'string' },
      },
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
    const timeoutS = Number(values.timeout ?? sqlLimits.timeoutSAtFirst)
    if (!(timeoutS > 0 && timeoutS <= sqlLimits.timeoutSMax))
      throw new UsageError(`--timeout is a number of seconds up to ${sqlLimits.timeoutSMax}.`)
    const question: SqlQuestion = { dataFolder: dataFolderOf(values.data, context), sql, format, limit }
    return await askInProcess(question, timeoutS * 1_000, context)
  },
}
