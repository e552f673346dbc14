import { statfsSync } from 'node:fs'
import type { Clock } from '@jidoka/base'
import type { LineToCloud } from '@jidoka/contract'

export const diskLimits = {
  /** Once a minute: the horizon is a matter of days. */
  sampleEveryMs: 60_000,
  /** One hour of samples: long enough that a lot change does not swing the figure, short enough to follow a new line. */
  windowMs: 3_600_000,
  /** Ten minutes at least before a rate is believed: a database grows in steps, and first of all fills its log of 16 MB. */
  windowMsMin: 600_000,
  /** 100 years: beyond that a date cannot be written; "never" is what it means. */
  horizonDaysMax: 36_500,
}

interface Sample {
  readonly atMs: number
  readonly bytes: number
}

/** How long the disk lasts: free space against the growth of the data folder in the last hour. */
export class DiskWatch {
  readonly #clock: Clock
  readonly #usedBytes: () => number
  readonly #freeBytes: () => number
  #samples: Sample[] = []
  #free = 0
  #used = 0
  #cancel: () => void = () => {}
  problem: string | null = null

  constructor(clock: Clock, usedBytes: () => number, freeBytes: () => number) {
    this.#clock = clock
    this.#usedBytes = usedBytes
    this.#freeBytes = freeBytes
  }

  start(): void {
    this.sample()
    this.#cancel = this.#clock.after(diskLimits.sampleEveryMs, () => this.start())
  }

  stop(): void {
    this.#cancel()
  }

  sample(): void {
    const atMs = this.#clock.monotonicMs()
    this.#used = this.#usedBytes()
    this.#free = this.#freeBytes()
    this.#samples = [
      ...this.#samples.filter((sample) => atMs - sample.atMs <= diskLimits.windowMs),
      { atMs, bytes: this.#used },
    ]
  }

  state(): LineToCloud['disk'] {
    return { free_bytes: this.#free, used_bytes: this.#used, horizon_days: this.#horizonDays(), problem: this.problem }
  }

  #horizonDays(): number | null {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (!first || !last || last.atMs - first.atMs < diskLimits.windowMsMin || last.bytes <= first.bytes) return null
    const bytesPerDay = ((last.bytes - first.bytes) / (last.atMs - first.atMs)) * 86_400_000
    return Math.min(diskLimits.horizonDaysMax, this.#free / bytesPerDay)
  }
}

/** Bytes that this process may still write to the file system of a folder. */
export function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
