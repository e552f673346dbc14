import { parseArgs } from 'node:util'
import { openReader } from '../store/journal-reader.ts'
import { dataFolderOf, UsageError } from './command.ts'
import type { Command } from './command.ts'

/** A minute at a time: the memory stays bounded, and the reader, which decodes so many segments a call and no more, leaves none out. */
const stepMs = 60_000

export const exportCommand: Command = {
  name: 'export',
  summary: 'readings of a tag as CSV or NDJSON',
  help: `jidoka export --tag KEY --from TIME --to TIME [--format csv|ndjson] [--data FOLDER]

  --tag KEY       "LINE-A/temperature" or "LINE-A/PRESS-1/temperature"
  --from, --to    instants, ISO 8601 ("2026-11-21T00:00:00Z"); to is not included
  --format        csv (default) or ndjson
  --data FOLDER   data folder of the appliance (default: JIDOKA_DATA or data/edge)

Reads the data folder itself, whether or not the appliance runs.`,
  run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        tag: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        format: { type: 'string', default: 'csv' },
        data: { type: 'string' },
      },
    })
    const { tag, format } = values
    if (tag === undefined) throw new UsageError('Name a tag with --tag.')
    if (format !== 'csv' && format !== 'ndjson') throw new UsageError(`--format is csv or ndjson, not "${format}".`)
    const [fromMs, toMs] = [instantOf('--from', values.from), instantOf('--to', values.to)]
    const reader = openReader({ dataFolder: dataFolderOf(values.data, context) })
    try {
      const definition = reader.tags().find((each) => each.key === tag)
      if (definition === undefined) {
        context.err(`There is no tag "${tag}". It is written as in its topic, without "sensor/".`)
        return Promise.resolve(1)
      }
      if (format === 'csv') context.out('time,value,unit')
      for (let stepFromMs = fromMs; stepFromMs < toMs && !context.signal.aborted; stepFromMs += stepMs) {
        const { timesMs, values: numbers } = reader.history(tag, stepFromMs, Math.min(stepFromMs + stepMs, toMs) - 1)
        for (const [index, timeMs] of timesMs.entries()) {
          const [time, value] = [new Date(timeMs).toISOString(), numbers[index] ?? 0]
          context.out(
            format === 'csv'
              ? `${time},${value},${csv(definition.unit)}`
              : JSON.stringify({ tag, time, value, unit: definition.unit }),
          )
        }
      }
      return Promise.resolve(0)
    } finally {
      reader.close()
    }
  },
}

function instantOf(option: string, text: string | undefined): number {
  const ms = text === undefined ? Number.NaN : Date.parse(text)
  if (Number.isNaN(ms)) throw new UsageError(`${option} is an instant like 2026-11-21T00:00:00Z.`)
  return ms
}

const csv = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
