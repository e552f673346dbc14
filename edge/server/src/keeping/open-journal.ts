import { openForWriting, toOpenError } from '../store/database.ts'
import type { OpenedDatabase } from '../store/database.ts'
import { JournalDamagedError, JournalFullError } from '../store/errors.ts'
import { mendLostEnd } from './lost-end.ts'
import { ReserveFile } from './reserve.ts'
import { salvage } from './salvage.ts'
import { keepSchemaCopy } from './schema-copy.ts'
import { finishSalvage, isSalvageWanted, mayBeJournal } from './salvage-files.ts'
import { setStrangeFilesAside } from './strange-files.ts'

/**
 * Opens the journal for its one writer. One that is damaged is salvaged first, so that an appliance that nobody looks after
 * judges on; `found` says what is missing. On a full disk the reserve is given up for it, so that it runs, says that it
 * is full, and goes on by itself when there is space.
 * @throws JournalOpenError
 */
export function openJournal(dataFolder: string, nowMs: number): OpenedDatabase {
  try {
    return openOrSalvage(dataFolder, nowMs)
  } catch (error) {
    const reserve = error instanceof JournalFullError ? new ReserveFile(dataFolder) : null
    if (reserve === null || reserve.bytes === 0) throw error
    reserve.giveUp()
    return openOrSalvage(dataFolder, nowMs)
  }
}

function openOrSalvage(dataFolder: string, nowMs: number): OpenedDatabase {
  return translated(dataFolder, () => {
    finishSalvage(dataFolder, nowMs)
    if (isSalvageWanted(dataFolder) && mayBeJournal(dataFolder)) return openSalvaged(dataFolder, nowMs)
    try {
      return openWithCopy(dataFolder, nowMs)
    } catch (error) {
      if (!(error instanceof JournalDamagedError) || !mayBeJournal(dataFolder)) throw error
      return openSalvaged(dataFolder, nowMs)
    }
  })
}

function openWithCopy(dataFolder: string, nowMs: number): OpenedDatabase {
  const opened = openForWriting(dataFolder, nowMs)
  try {
    keepSchemaCopy(opened.database, dataFolder)
    // In this order: files of an end that was lost are found again first, and are strange no more.
    const said = [
      mendLostEnd(opened, dataFolder, nowMs),
      setStrangeFilesAside(opened.database, dataFolder, nowMs),
      opened.found,
    ].filter((each) => each !== null)
    return { ...opened, found: said.length === 0 ? null : said.join(' ') }
  } catch (error) {
    opened.database.close()
    throw toOpenError(error, dataFolder)
  }
}

function openSalvaged(dataFolder: string, nowMs: number): OpenedDatabase {
  const said = salvage(dataFolder, nowMs)
  const opened = openWithCopy(dataFolder, nowMs)
  return { ...opened, found: opened.found === null ? said : `${said} ${opened.found}` }
}

function translated<Answer>(dataFolder: string, act: () => Answer): Answer {
  try {
    return act()
  } catch (error) {
    throw toOpenError(error, dataFolder)
  }
}
