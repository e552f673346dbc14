import { mkdirSync, renameSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import type { Database } from '../store/database.ts'
import { listSegmentFiles } from '../store/segment-files.ts'
import { syncFolder } from '../store/sync-folder.ts'
import { openDamagedFolder } from './damaged-folder.ts'

/**
 * Files of readings that cannot be of this journal: it has never given their numbers. They are another journal's, as when
 * journal.db was removed and a new one begun, and what sweeps files without a row would delete them. Moved aside; returns
 * what was found, null where there are none.
 */
export function setStrangeFilesAside(database: Database, dataFolder: string, nowMs: number): string | null {
  const { next } = database
    .prepare<[], { next: number }>("select next_seq as next from lanes where lane = 'readings'")
    .get() ?? { next: 1 }
  const isNamed = database.prepare<[string]>('select 1 from segment_files where file = ?')
  const files = listSegmentFiles(dataFolder).filter((file) => isNamed.get(file) === undefined)
  const isStrange = (file: string) => lastSeqOf(file) >= next
  if (!files.some(isStrange)) return null
  // With no file of its own, none of them is a merge that a stop has interrupted.
  const hasOwn = database.prepare('select 1 from segment_files limit 1').get() !== undefined
  const strange = hasOwn ? files.filter(isStrange) : files
  const aside = join(openDamagedFolder(dataFolder), `segments-${nowMs}`)
  mkdirSync(aside, { recursive: true, mode: 0o700 })
  for (const file of strange) renameSync(join(dataFolder, file), join(aside, basename(file)))
  syncFolder(aside)
  const place = relative(dataFolder, aside)
  const told = `${strange.length} ${strange.length === 1 ? 'file' : 'files'}`
  return next === 1
    ? `There was no journal beside ${told} of readings, and a new one was begun; the files were set aside in ${place}. To have them again, stop the appliance, remove the new journal.db*, bring back journal.db from a backup and the files to where they were (segments/N/, N: first number of the name divided by 67108864, rounded down).`
    : `Numbers that this journal has never given were in ${told} of readings, set aside now in ${place}. Such files belong to another journal.db, which a backup may hold.`
}

/** Its name says what it holds: first number and count. One that is not named so is nothing of ours: never swept unseen. */
function lastSeqOf(file: string): number {
  const [, firstSeq, count] = /^(\d+)-(\d+)\.seg$/.exec(basename(file)) ?? []
  return firstSeq === undefined ? Infinity : Number(firstSeq) + Number(count) - 1
}
