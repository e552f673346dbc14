import { statfsSync } from 'node:fs'

/** A file system as `df` sees it. */
export interface DiskSpace {
  /** What may be used at all: what is in use and what this process may still write. */
  readonly totalBytes: number
  readonly usedBytes: number
  /** What this process may still write. */
  readonly freeBytes: number
}

export function diskSpaceOf(folder: string): DiskSpace {
  const { blocks, bfree, bavail, bsize } = statfsSync(folder)
  // Blocks that only root may take are in neither sum, as in the percentage of df.
  const usedBytes = (blocks - bfree) * bsize
  const freeBytes = bavail * bsize
  return { totalBytes: usedBytes + freeBytes, usedBytes, freeBytes }
}
