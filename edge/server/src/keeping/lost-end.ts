import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Lane } from '@jidoka/sync-protocol'
import type { OpenedDatabase } from '../store/database.ts'
import { takeMark, writeMark } from '../store/journal-mark.ts'
import { append, ensureNextSeqs, recordHoles } from './salvage-lanes.ts'
import { adoptFiles } from './salvage-state.ts'

type NextSeqs = Readonly<Record<Lane, number>>

/**
 * Numbers that may have been given after the last mark: ten seconds between two of them at 1,000,000 readings a second. The
 * cloud may hold them, and a number that came twice would name two readings.
 */
const unmarkedMax: NextSeqs = { readings: 10_000_000, records: 1_000_000 }

/**
 * Compares an opened journal with the mark beside it. One that has lost its end, with its log or to an old backup, goes on
 * behind the mark, and what is missing becomes gaps. Returns what was found, in sentences; null where nothing is missing.
 */
export function mendLostEnd({ database, epoch }: OpenedDatabase, dataFolder: string, nowMs: number): string | null {
  const nextSeqs = (): NextSeqs => {
    const rows = database.prepare<[], { lane: Lane; next_seq: number }>('select lane, next_seq from lanes').all()
    const next = new Map(rows.map((row) => [row.lane, row.next_seq]))
    return { readings: next.get('readings') ?? 1, records: next.get('records') ?? 1 }
  }
  const mark = takeMark(dataFolder, epoch)
  const before = nextSeqs()
  let said: string | null = null
  if (mark !== null && (mark.readings > before.readings || mark.records > before.records)) {
    const update = database.prepare('update lanes set next_seq = max(next_seq, ?) where lane = ?')
    const gone = database.transaction(() => {
      followFiles(database, dataFolder)
      ensureNextSeqs(database, false)
      for (const lane of ['readings', 'records'] as const)
        update.run(mark[lane] + (mark.isLast ? 0 : unmarkedMax[lane]), lane)
      const losses = recordHoles(database, nowMs)
      append(database, {
        at_ms: nowMs,
        kind: 'audit',
        body: {
          actor: 'appliance',
          action: 'store.end_lost',
          subject: 'journal',
          detail: { readings_from: before.readings, records_from: before.records },
        },
      })
      return losses
    })()
    said = describe(before, mark, gone.length > 0)
  }
  // Also where nothing is wrong: the one of the last stop says that nothing came behind it.
  const { readings, records } = nextSeqs()
  writeMark(dataFolder, epoch, { nextReadingSeq: readings, nextRecordSeq: records }, false)
  return said
}

/** Merges are newer than what came back of the catalogue: rows of files that are gone go, and files without a row get one. */
function followFiles(database: OpenedDatabase['database'], dataFolder: string): void {
  const remove = database.prepare('delete from segment_files where file = ?')
  const files = database.prepare<[], { file: string }>('select file from segment_files').all()
  for (const { file } of files) if (!existsSync(join(dataFolder, file))) remove.run(file)
  adoptFiles(database, dataFolder)
}

function describe(before: NextSeqs, mark: NextSeqs & { readonly isLast: boolean }, areMissing: boolean): string {
  const counts = (['readings', 'records'] as const)
    .filter((lane) => mark[lane] > before[lane])
    .map((lane) => `${lane} ${before[lane]} to ${mark[lane] - 1}`)
    .join(' and ')
  const parts = [
    `The journal has lost its end (its log was lost or cut, or it came from an older backup): ${counts} had been committed and were not in it.`,
  ]
  if (!mark.isLast) parts.push('So may some of the ten seconds behind them.')
  parts.push(
    areMissing
      ? 'What could not be found in files of readings is recorded as gaps, and numbers go on behind them.'
      : 'All of it was found in files of readings.',
    'Check the disk and what copies or cleans the data folder.',
  )
  return parts.join(' ')
}
