import { randomFillSync } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '@jidoka/base'
import type { DiskSpace } from './disk-space.ts'

export const reserveLimits = {
  /** One full log of the database: with it the appliance can say that it is full and delete what must go. */
  bytes: 16 * 1024 * 1024,
  /** Less would not hold the log of a single commit. */
  bytesMin: 1024 * 1024,
  /** On a small disk it is at most this share of all of it. */
  shareMax: 0.05,
  /** So many times its size must be free before a reserve is made: it must not be what fills the disk. */
  freeTimes: 4,
} as const

const fileName = 'reserve.bin'
const chunkBytes = 1024 * 1024

/**
 * Space that the appliance holds for the hour when the disk is full. Real blocks: random bytes, since a file system that
 * compresses or leaves out zeros would hold nothing.
 */
export class ReserveFile {
  readonly #file: string
  #bytes: number

  constructor(dataFolder: string) {
    this.#file = join(dataFolder, fileName)
    // What a crash left half written.
    rmSync(`${this.#file}.tmp`, { force: true })
    this.#bytes = sizeOf(this.#file)
  }

  /** Bytes held; 0: none. */
  get bytes(): number {
    return this.#bytes
  }

  /** Makes it, as large as the disk allows, or leaves it be. A disk that does not take it is no error: one is made later. */
  make(space: DiskSpace): void {
    const bytes = reserveBytesFor(space)
    if (this.#bytes > 0 || bytes === 0 || space.freeBytes < bytes * reserveLimits.freeTimes) return
    if (this.#write(bytes)) this.#bytes = bytes
  }

  /** What is still to be made: it counts as taken, so that what giving it up has freed is not for readings. */
  missingBytes(space: DiskSpace): number {
    return Math.max(0, reserveBytesFor(space) - this.#bytes)
  }

  /** Gives the space back to the disk. */
  giveUp(): void {
    rmSync(this.#file, { force: true })
    this.#bytes = 0
  }

  #write(bytes: number): boolean {
    const beside = `${this.#file}.tmp`
    try {
      const file = openSync(beside, 'w', 0o600)
      try {
        const chunk = Buffer.allocUnsafe(chunkBytes)
        for (let written = 0; written < bytes;) written += writeSync(file, randomFillSync(chunk))
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(beside, this.#file)
      return true
    } catch (error) {
      rmSync(beside, { force: true })
      // Full, over a quota, or a disk with errors: whoever writes readings to it is told; here nothing is lost.
      if (isErrno(error, 'ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS')) return false
      throw error
    }
  }
}

/** A whole share of the largest; 0 where the disk is too small for one at all. */
function reserveBytesFor({ totalBytes }: DiskSpace): number {
  let bytes: number = reserveLimits.bytes
  while (bytes > totalBytes * reserveLimits.shareMax) bytes /= 2
  return bytes < reserveLimits.bytesMin ? 0 : bytes
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0
    throw error
  }
}
