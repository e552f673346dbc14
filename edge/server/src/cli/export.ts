import { parseArgs } from 'node:util'
import type { TagDefinition } from '@jidoka/domain'
import { openReader } from '../store/journal-reader.ts'
import type { StoreReader } from '../store/journal-reader.ts'
import { dataFolderOf, UsageError } from './command.ts'
import type { Command, CommandContext, ExitCode } from './command.ts'
import { writeParquet } from './export-parquet.ts'
import { csvHead, csvLine, exportedReadings, ndjsonLine } from './export-rows.ts'
import type { ExportQuestion } from './export-rows.ts'
import { LineSink } from './line-sink.ts'

const formats = ['csv', 'ndjson', 'parquet'] as const
type Format = (typeof formats)[number]

/** About as many bytes of records at a time. */
const recordsStepBytes = 1024 * 1024

export const exportCommand: Command = {
  name: 'export',
  summary: 'readings or records as CSV, NDJSON or Parquet',
  help: `jidoka export (--tag KEY ... | --all) --from TIME --to TIME [--format csv|ndjson|parquet] [--out FILE] [--data FOLDER]
jidoka export --kind records --from TIME --to TIME [--out FILE] [--data FOLDER]

  --tag KEY       "LINE-A/temperature" or "LINE-A/PRESS-1/temperature"; may be given several times
  --all           every tag
  --from, --to    instants of the source, ISO 8601 ("2026-11-21T00:00:00Z"); to is not included
  --format        csv (default), ndjson, or parquet, which needs --out
  --out FILE      a file to write (default: standard output)
  --kind          readings (default), or records: judgments, alarms, events, audit, as NDJSON
  --data FOLDER   data folder of the appliance (default: JIDOKA_DATA or data/edge)

Readings come in the order in which they arrived. Reads the data folder itself, whether or not the appliance runs.`,
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        tag: { type: 'string', multiple: true },
        all: { type: 'boolean', default: false },
        from: { type: 'string' },
        to: { type: 'string' },
        format: { type: 'string' },
        out: { type: 'string' },
        kind: { type: 'string', default: 'readings' },
        data: { type: 'string' },
      },
    })
    if (values.kind !== 'readings' && values.kind !== 'records')
      throw new UsageError(`--kind is readings or records, not "${values.kind}".`)
    const isRecords = values.kind === 'records'
    if (isRecords && (values.tag !== undefined || values.all)) throw new UsageError('Records belong to no tag.')
    if (!isRecords && (values.tag === undefined) !== values.all)
      throw new UsageError('Name tags with --tag, or take every one with --all.')
    const format = formatOf(values.format ?? (isRecords ? 'ndjson' : 'csv'))
    if (isRecords && format !== 'ndjson') throw new UsageError('Records come as ndjson.')
    if (format === 'parquet' && values.out === undefined) throw new UsageError('Parquet needs a file: --out FILE.')
    const [fromMs, toMs] = [instantOf('--from', values.from), instantOf('--to', values.to)]

    const damaged: string[] = []
    const reader = openReader({
      dataFolder: dataFolderOf(values.data, context),
      onDamaged: ({ firstSeq, count, why }) => damaged.push(`readings ${firstSeq} to ${firstSeq + count - 1}: ${why}`),
    })
    try {
      const tags = values.tag?.map((key) => tagOf(reader, key)) ?? null
      const unknown = tags?.find((tag) => typeof tag === 'string')
      if (unknown !== undefined) {
        context.err(`There is no tag "${unknown}". It is written as in its topic, without "sensor/".`)
        return 1
      }
      const question = { tags: tags as TagDefinition[] | null, fromMs, toMs }
      if (isRecords) await exportRecords(reader, question, values.out, context)
      else if (format === 'parquet')
        writeParquet(values.out ?? '', whileWanted(exportedReadings(reader, question), context))
      else await exportLines(reader, question, format, values.out, context)
      return outcome(damaged, context)
    } finally {
      reader.close()
    }
  },
}

async function exportLines(
  reader: StoreReader,
  question: ExportQuestion,
  format: Exclude<Format, 'parquet'>,
  file: string | undefined,
  context: CommandContext,
): Promise<void> {
  const sink = new LineSink(context, file)
  const lineOf = format === 'csv' ? csvLine : ndjsonLine
  if (format === 'csv') await sink.line(csvHead)
  for (const reading of whileWanted(exportedReadings(reader, question), context)) {
    const full = sink.line(lineOf(reading))
    if (full !== undefined) await full
  }
  await sink.close()
}

async function exportRecords(
  reader: StoreReader,
  { fromMs, toMs }: ExportQuestion,
  file: string | undefined,
  context: CommandContext,
): Promise<void> {
  const sink = new LineSink(context, file)
  const { recordsSeq } = reader.lanes()
  for (let seq = 1; seq <= recordsSeq && !context.signal.aborted;) {
    const lines = reader.recordLines(seq, recordsStepBytes)
    for (const { line } of lines) {
      const { at_ms: atMs } = JSON.parse(line) as { at_ms: number }
      if (atMs >= fromMs && atMs < toMs) await sink.line(line)
    }
    seq = (lines.at(-1)?.seq ?? recordsSeq) + 1
  }
  await sink.close()
}

function* whileWanted<Item>(items: Iterable<Item>, { signal }: CommandContext): Generator<Item, void, undefined> {
  for (const item of items) {
    if (signal.aborted) return
    yield item
  }
}

function outcome(damaged: readonly string[], context: CommandContext): ExitCode {
  if (context.signal.aborted) {
    context.err('Interrupted: the export is not complete.')
    return 1
  }
  if (damaged.length === 0) return 0
  context.err(`Some readings are damaged and not in the export:\n${damaged.join('\n')}`)
  return 3
}

const formatOf = (text: string): Format => {
  const format = formats.find((each) => each === text)
  if (format === undefined) throw new UsageError(`--format is ${formats.join(', ')}, not "${text}".`)
  return format
}

/** The key itself where there is no such tag. */
const tagOf = (reader: StoreReader, key: string): TagDefinition | string =>
  reader.tags().find((each) => each.key === key) ?? key

function instantOf(option: string, text: string | undefined): number {
  const ms = text === undefined ? Number.NaN : Date.parse(text)
  if (Number.isNaN(ms)) throw new UsageError(`${option} is an instant like 2026-11-21T00:00:00Z.`)
  return ms
}
