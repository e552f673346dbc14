import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { isErrno } from '@jidoka/base'
import { syncFolder } from './sync-folder.ts'

/** Folder of merged segments below the data folder. */
export const segmentsFolder = 'segments'

/** 2^26 numbers a sub-folder: 1,024 files of 65,536 readings. More, and listing a folder becomes slow on some file systems. */
const seqsPerFolder = 2 ** 26
/** What is being written has this in front; after a crash it is removed. */
const unfinished = 'tmp-'

/** Path of a merged segment, relative to the data folder. First number and count name it: two different ones never share a name. */
export function segmentFileName(firstSeq: number, count: number): string {
  return `${segmentsFolder}/${Math.floor(firstSeq / seqsPerFolder)}/${firstSeq}-${count}.seg`
}

/**
 * Puts a file in place so that it is either whole or not there, and lasts: written beside, synced, renamed, folders synced.
 * It is part of the journal once its row is in `segment_files`.
 * @throws NodeJS.ErrnoException when the disk is full or answers with errors; nothing of it stays then.
 */
export function writeSegmentFile(dataFolder: string, name: string, bytes: Uint8Array): void {
  const target = join(dataFolder, name)
  const folder = dirname(target)
  const root = join(dataFolder, segmentsFolder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // Not only when it was made just now: an earlier start may have been killed before it came to sync the names.
  if (readdirSync(folder).length === 0) {
    syncFolder(root)
    syncFolder(dataFolder)
  }
  const beside = join(root, `${unfinished}${name.replaceAll('/', '-')}`)
  try {
    const file = openSync(beside, 'w', 0o600)
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(beside, target)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
  syncFolder(folder)
}

/** Takes away a file that is no part of the journal any more. Readers that have it open keep it until they close it. */
export function removeSegmentFile(dataFolder: string, name: string): void {
  rmSync(join(dataFolder, name), { force: true })
}

/**
 * Removes what a crash left behind: unfinished files, and files that no row names.
 * @param isKnown whether a name is in `segment_files`
 * @returns the names that were removed
 */
export function sweepSegmentFiles(dataFolder: string, isKnown: (name: string) => boolean): readonly string[] {
  const root = join(dataFolder, segmentsFolder)
  if (!existsSync(root)) return []
  const removed: string[] = []
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const names = entry.isDirectory()
      ? readdirSync(join(root, entry.name)).map((name) => `${segmentsFolder}/${entry.name}/${name}`)
      : entry.name.startsWith(unfinished)
        ? [`${segmentsFolder}/${entry.name}`]
        : []
    for (const name of names) {
      if (isKnown(name)) continue
      removeSegmentFile(dataFolder, name)
      removed.push(name)
    }
  }
  return removed
}

/** Its size as the file system says it; null when it is not there. */
export function segmentFileBytes(dataFolder: string, name: string): number | null {
  return statSync(join(dataFolder, name), { throwIfNoEntry: false })?.size ?? null
}

/** The merged segments that lie on the disk, by their names. */
export function listSegmentFiles(dataFolder: string): readonly string[] {
  const root = join(dataFolder, segmentsFolder)
  if (!existsSync(root)) return []
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(root, name)).map((file) => `${segmentsFolder}/${name}/${file}`))
    .filter((file) => file.endsWith('.seg'))
}

/** A file as a source of bytes: few and small reads, whatever its size. */
export class SegmentFile {
  readonly bytes: number
  readonly #file: number

  private constructor(file: number) {
    this.#file = file
    this.bytes = fstatSync(file).size
  }

  /** Null when it is not there. */
  static open(dataFolder: string, name: string): SegmentFile | null {
    try {
      return new SegmentFile(openSync(join(dataFolder, name), 'r'))
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null
      throw error
    }
  }

  /** As many bytes as asked for, or fewer at the end of the file. */
  read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.bytes - offset)))
    let at = 0
    while (at < bytes.length) {
      const read = readSync(this.#file, bytes, at, bytes.length - at, offset + at)
      if (read === 0) return bytes.subarray(0, at)
      at += read
    }
    return bytes
  }

  close(): void {
    closeSync(this.#file)
  }
}
