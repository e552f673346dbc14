import { statSync } from 'node:fs'
import { isErrno } from '@jidoka/base'
import type { Database } from '../store/database.ts'
import type { DiskSpace } from './disk-space.ts'
import { keepingLimits } from './policy.ts'
import type { KeepingPolicy } from './policy.ts'

/** How much of the disk the journal may still take before rows must go. */
export interface Room {
  /** Bytes above the high-water mark; negative: as many are left below it. */
  readonly overBytes: number
  /** Bytes that the reserve lacks; negative: as many more than it are free. */
  readonly shortBytes: number
  /** How far below the mark dropping goes once it has begun. */
  readonly slackBytes: number
}

export function roomOf(
  database: Database,
  file: string,
  space: DiskSpace,
  policy: Pick<KeepingPolicy, 'highWaterPercent' | 'bytesMax' | 'reserveBytes'>,
  reserveMissingBytes: number,
): Room {
  // Pages that rows have left are taken again before the file grows.
  const pageBytes = pragma(database, 'page_size')
  const unusedBytes = pragma(database, 'freelist_count') * pageBytes
  const markBytes = (space.totalBytes * policy.highWaterPercent) / 100
  const over = [space.usedBytes - unusedBytes - markBytes]
  const slack = [space.totalBytes * keepingLimits.slackShare]
  if (policy.bytesMax !== null) {
    const filesBytes =
      database.prepare<[], { sum: number | null }>('select sum(bytes) as sum from segment_files').get()?.sum ?? 0
    over.push(
      pragma(database, 'page_count') * pageBytes -
        unusedBytes +
        fileBytes(`${file}-wal`) +
        filesBytes -
        policy.bytesMax,
    )
    slack.push(policy.bytesMax * keepingLimits.slackShare)
  }
  return {
    overBytes: Math.max(...over),
    shortBytes: lowWaterBytes(space, policy) + reserveMissingBytes - space.freeBytes - unusedBytes,
    slackBytes: Math.min(...slack),
  }
}

/** Free bytes below which rows go whatever they are. */
export function lowWaterBytes(space: DiskSpace, { reserveBytes }: Pick<KeepingPolicy, 'reserveBytes'>): number {
  return Math.min(reserveBytes + keepingLimits.headroomBytes, space.totalBytes * keepingLimits.reserveShareMax)
}

function pragma(database: Database, name: string): number {
  return Number(database.pragma(name, { simple: true }))
}

function fileBytes(file: string): number {
  try {
    return statSync(file).size
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0
    throw error
  }
}
