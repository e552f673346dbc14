import { linkSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '@jidoka/base'

/** Where what is damaged is put, for whoever wants to look at it. */
export const damagedFolder = 'damaged'

export const damagedLimits = {
  /** A disk that dies damages file after file; copies of all of them would fill it. */
  filesMax: 100,
  bytesMax: 512 * 1024 * 1024,
} as const

export function openDamagedFolder(dataFolder: string): string {
  const folder = join(dataFolder, damagedFolder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** Keeps bytes of a row. A disk that does not take them is no reason to keep the damage in the journal. */
export function keepDamagedBytes(dataFolder: string, name: string, bytes: Uint8Array): void {
  unlessDiskFails(() => {
    writeFileSync(join(openDamagedFolder(dataFolder), name), bytes, { mode: 0o600 })
    prune(dataFolder)
  })
}

/** Gives a file a second name there; its first one goes later. */
export function keepDamagedFile(dataFolder: string, file: string, name: string): void {
  unlessDiskFails(() => {
    const copy = join(openDamagedFolder(dataFolder), name)
    rmSync(copy, { force: true })
    linkSync(join(dataFolder, file), copy)
    prune(dataFolder)
  })
}

/** Oldest first; the newest stays whatever its size. */
function prune(dataFolder: string): void {
  const folder = openDamagedFolder(dataFolder)
  // Folders are journals and segments that were put away whole: those are for a person to remove.
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => {
      const { ctimeMs, size } = statSync(join(folder, name))
      return { name, ctimeMs, size }
    })
    .toSorted((left, right) => right.ctimeMs - left.ctimeMs)
  let bytes = 0
  for (const [index, { name, size }] of files.entries()) {
    bytes += size
    if (index > 0 && (index >= damagedLimits.filesMax || bytes > damagedLimits.bytesMax))
      rmSync(join(folder, name), { force: true })
  }
}

function unlessDiskFails(act: () => void): void {
  try {
    act()
  } catch (error) {
    // ENOENT: the file is missing, which is its damage. The others: no copy can be kept, and the journal goes on without.
    if (!isErrno(error, 'ENOENT', 'ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMLINK', 'EPERM', 'ENOTSUP')) throw error
  }
}
