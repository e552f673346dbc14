import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '@jidoka/base'
import { z } from 'zod'

/*
 * How far the journal had come, said beside it. SQLite opens a database whose log was lost or cut without a word, as it was
 * before: only what does not lie in it can tell that its end is missing.
 */

const markFile = (dataFolder: string): string => join(dataFolder, 'journal-mark.json')
/** Of a journal that another one has taken the place of: it may be brought back from a backup. */
const formerFile = (dataFolder: string, epoch: string): string => join(dataFolder, `journal-mark-${epoch}.json`)

const seqSchema = z.number().int().positive()
const markSchema = z.strictObject({
  /** Part of a file name. */
  epoch: z.string().regex(/^[\w-]{1,100}$/),
  /** The next number of each lane. */
  readings: seqSchema,
  records: seqSchema,
  /** Nothing came behind it: written by a stop in order. */
  isLast: z.boolean(),
})
export type JournalMark = z.infer<typeof markSchema>

interface NextSeqs {
  readonly nextReadingSeq: number
  readonly nextRecordSeq: number
}

/** Only of what is committed. Not synced: it is never ahead of the journal, and one that is lost tells nothing wrong. */
export function writeMark(dataFolder: string, epoch: string, next: NextSeqs, isLast: boolean): void {
  const mark: JournalMark = { epoch, readings: next.nextReadingSeq, records: next.nextRecordSeq, isLast }
  const beside = `${markFile(dataFolder)}.tmp`
  try {
    writeFileSync(beside, JSON.stringify(mark), { mode: 0o600 })
    renameSync(beside, markFile(dataFolder))
  } catch (error) {
    // A disk that is full or fails must not stop the journal for it: the last mark stays.
    if (!isErrno(error, 'ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS', 'EMFILE', 'ENFILE')) throw error
  }
}

/** The mark of this epoch; null where there is none that can be read. One of another epoch is kept under another name. */
export function takeMark(dataFolder: string, epoch: string): JournalMark | null {
  const mark = read(markFile(dataFolder))
  if (mark === null || mark.epoch === epoch) return mark ?? read(formerFile(dataFolder, epoch))
  renameSync(markFile(dataFolder), formerFile(dataFolder, mark.epoch))
  return read(formerFile(dataFolder, epoch))
}

function read(file: string): JournalMark | null {
  try {
    return markSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    // A power cut may leave it empty, since it is not synced.
    if (error instanceof SyntaxError || error instanceof z.ZodError || isErrno(error, 'ENOENT', 'EIO')) return null
    throw error
  }
}
