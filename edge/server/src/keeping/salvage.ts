import { rmSync } from 'node:fs'
import { relative } from 'node:path'
import Sqlite from 'better-sqlite3'
import { journalFile, makePrivate, migrate, setMeta, versionOf } from '../store/database.ts'
import type { Database } from '../store/database.ts'
import { newestVersion } from '../store/migrations.ts'
import { isWholeRecord } from '../store/whole-record.ts'
import { faultOfBody } from './check-segment.ts'
import { keepDamagedBytes } from './damaged-folder.ts'
import { copyTables } from './salvage-copy.ts'
import type { Row, TableLoss } from './salvage-copy.ts'
import { putAllAway, putInPlace, salvageFile } from './salvage-files.ts'
import { append, ensureEpoch, ensureNextSeqs, recordHoles } from './salvage-lanes.ts'
import type { LaneLoss } from './salvage-lanes.ts'
import { adoptFiles, rebuildFromRecords } from './salvage-state.ts'
import { mendCopy, removeMendedCopy } from './schema-copy.ts'

/**
 * Takes what can be read of a damaged database into a new one and puts the old one away. What cannot be read becomes gaps
 * and drop records; numbers that were given never come again. Returns what was found, in sentences.
 * @throws what SQLite and the disk throw while the new one is written; the damaged one is then untouched.
 */
export function salvage(dataFolder: string, nowMs: number): string {
  const damaged = openDamaged(journalFile(dataFolder)) ?? openMended(dataFolder)
  if (damaged === null) {
    removeMendedCopy(dataFolder)
    const copy = putAllAway(dataFolder, nowMs)
    return `The journal was damaged so that nothing of it could be read. A new one was begun; what the cloud has receipted is there, the rest is in ${relative(dataFolder, copy)}. Check the disk.`
  }
  const file = salvageFile(dataFolder)
  rmSync(file, { force: true })
  makePrivate(file)
  const fresh = new Sqlite(file)
  let said: string
  try {
    fresh.pragma('synchronous = FULL')
    migrate(fresh, dataFolder, damaged.version)
    const losses = copyTables(damaged.database, fresh, rowCheck(dataFolder))
    // What follows is of the newest version; steps of migration are as they would be without the damage.
    migrate(fresh, dataFolder, newestVersion)
    said = fresh.transaction(() => mend(fresh, dataFolder, losses, nowMs))()
  } finally {
    fresh.close()
    damaged.database.close()
    removeMendedCopy(dataFolder)
  }
  const copy = putInPlace(dataFolder, nowMs)
  return `${said} The damaged one is in ${relative(dataFolder, copy)}. Check the disk.`
}

function mend(fresh: Database, dataFolder: string, losses: readonly TableLoss[], nowMs: number): string {
  const lost = new Set(losses.map(({ table }) => table))
  rebuildFromRecords(fresh, lost)
  if (lost.has('segment_files')) adoptFiles(fresh, dataFolder)
  const isNewEpoch = ensureEpoch(fresh)
  ensureNextSeqs(fresh, lost.has('lanes'))
  const gone = recordHoles(fresh, nowMs)
  setMeta(fresh, 'closed_in_order', '1')
  append(fresh, {
    at_ms: nowMs,
    kind: 'audit',
    body: {
      actor: 'appliance',
      action: 'store.salvaged',
      subject: 'journal',
      detail: {
        tables: [...lost].join(' ').slice(0, 500),
        ...Object.fromEntries(gone.map(({ lane, rows }) => [`${lane}_lost`, rows])),
      },
    },
  })
  return describeLoss(lost, gone, isNewEpoch)
}

function describeLoss(lost: ReadonlySet<string>, gone: readonly LaneLoss[], isNewEpoch: boolean): string {
  const rows = gone.map(({ lane, rows: count }) => `${count} ${lane}`).join(' and ')
  const parts = [
    'The journal was damaged and what could be read of it was taken into a new one.',
    rows === '' ? 'No reading and no record is missing.' : `${rows} are missing; they are recorded as gaps.`,
  ]
  if (lost.size > 0) parts.push(`Not all could be read of: ${[...lost].join(', ')}.`)
  if (isNewEpoch) parts.push('Its name was lost too: for the cloud a new epoch begins.')
  return parts.join(' ')
}

function openMended(dataFolder: string): ReturnType<typeof openDamaged> {
  const mended = mendCopy(dataFolder)
  return mended === null ? null : openDamaged(mended)
}

/** Opened for looking only; null when not even its tables can be named. */
function openDamaged(file: string): { readonly database: Database; readonly version: number } | null {
  let database: Database | null = null
  try {
    database = new Sqlite(file, { readonly: true, fileMustExist: true })
    const version = versionOf(database)
    const tables = database.prepare<[], { count: number }>('select count(*) as count from sqlite_master').get()
    if (version >= 1 && version <= newestVersion && tables !== undefined && tables.count > 0)
      return { database, version }
  } catch (error) {
    database?.close()
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!/^SQLITE_(CORRUPT|NOTADB|IOERR|ERROR)/.test(code)) throw error
    return null
  }
  database.close()
  return null
}

/** A page can be whole for SQLite and hold other bytes than were written: segments and records have checksums of their own. */
const rowCheck =
  (dataFolder: string) =>
  (table: string, columns: readonly string[], row: Row): boolean => {
    const value = (column: string) => row[columns.indexOf(column)]
    if (table === 'reading_segments') {
      const [firstSeq, count, body] = [Number(value('first_seq')), Number(value('count')), value('body')]
      if (!(body instanceof Uint8Array)) return false
      if (faultOfBody(body, { firstSeq, count }) === null) return true
      keepDamagedBytes(dataFolder, `segment-${firstSeq}-${count}.seg`, body)
      return false
    }
    if (table !== 'records') return true
    const [line, crc] = [value('line'), value('crc')]
    return typeof line === 'string' && isWholeRecord({ line, crc: typeof crc === 'number' ? crc : null })
  }
