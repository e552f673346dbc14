import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { journalFile } from '../store/database.ts'
import { segmentsFolder } from '../store/segment-files.ts'
import { syncFolder } from '../store/sync-folder.ts'
import { openDamagedFolder } from './damaged-folder.ts'

/*
 * The order in which files change their names, so that a crash at any instant leaves either the damaged journal, which is
 * salvaged again, or the new one. The log of the damaged one must never lie beside the new one: SQLite would play it back.
 */

const request = 'salvage-wanted'
/** Database, log and its index, in the order in which they go. */
const parts = ['', '-wal', '-shm']

/** What is being built; whole once it has been closed and the damaged one has gone. */
export const salvageFile = (dataFolder: string): string => join(dataFolder, 'journal-salvage.db')

/** The next start takes the database for damaged, whatever its check says. */
export function askForSalvage(dataFolder: string): void {
  writeFileSync(join(dataFolder, request), '')
}

export const isSalvageWanted = (dataFolder: string): boolean => existsSync(join(dataFolder, request))

/** Whether it may be a journal at all: whole pages, and more than one. Something else of that name is not ours to move. */
export function mayBeJournal(dataFolder: string): boolean {
  const file = journalFile(dataFolder)
  return existsSync(file) && statSync(file).size > 4_096 && statSync(file).size % 4_096 === 0
}

/** Copies of damaged journals that are kept; each may be gigabytes. */
const copiesMax = 2

/** Puts the damaged database away, and what was built in its place. Returns where the old one is. */
export function putInPlace(dataFolder: string, nowMs: number): string {
  const copy = moveDatabase(dataFolder, nowMs)
  renameSync(salvageFile(dataFolder), journalFile(dataFolder))
  rmSync(join(dataFolder, request), { force: true })
  syncFolder(dataFolder)
  return copy
}

/** Puts everything away: nothing of it can be read. */
export function putAllAway(dataFolder: string, nowMs: number): string {
  const copy = moveDatabase(dataFolder, nowMs)
  const segments = join(dataFolder, segmentsFolder)
  if (existsSync(segments)) renameSync(segments, copy.replace(/\.db$/, '-segments'))
  rmSync(join(dataFolder, request), { force: true })
  syncFolder(dataFolder)
  return copy
}

/** What a crash in the middle of a salvage left: finished where the damaged database has gone, begun anew where it is there. */
export function finishSalvage(dataFolder: string, nowMs: number): void {
  const built = salvageFile(dataFolder)
  if (!existsSync(built)) return
  if (existsSync(journalFile(dataFolder))) {
    for (const suffix of ['', '-journal']) rmSync(`${built}${suffix}`, { force: true })
    return
  }
  putInPlace(dataFolder, nowMs)
}

function moveDatabase(dataFolder: string, nowMs: number): string {
  const folder = openDamagedFolder(dataFolder)
  const copy = join(folder, `journal-${nowMs}.db`)
  for (const suffix of parts) {
    const file = `${journalFile(dataFolder)}${suffix}`
    if (existsSync(file)) renameSync(file, `${copy}${suffix}`)
  }
  // Before the new one takes the name: after a power cut it must not lie beside the log of the old one.
  syncFolder(folder)
  syncFolder(dataFolder)
  const times = readdirSync(folder)
    .flatMap((name) => /^journal-(\d+)\.db$/.exec(name)?.[1] ?? [])
    .toSorted((left, right) => Number(right) - Number(left))
  for (const time of times.slice(copiesMax)) {
    for (const suffix of parts) rmSync(join(folder, `journal-${time}.db${suffix}`), { force: true })
    rmSync(join(folder, `journal-${time}-segments`), { force: true, recursive: true })
  }
  return copy
}
