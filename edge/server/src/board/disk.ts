import type { Clock } from '@jidoka/base'
import type { LineToCloud } from '@jidoka/contract'
import { z } from 'zod'
import type { DiskSpace } from '../keeping/disk-space.ts'
import { horizonDays } from '../keeping/horizon.ts'
import type { StoredState } from '../keeping/stored-state.ts'
import type { StoreProblem } from '../store/errors.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

export const diskLimits = {
  /** Once a minute: the horizon is a matter of days. */
  sampleEveryMs: 60_000,
  /** Samples of the last hour are kept each, older ones ten minutes apart: 200 in all, some 10 KB as a setting. */
  coarseEveryMs: 600_000,
  /** Saved so often: what a restart loses is as much of the last hour. */
  saveEveryMs: 600_000,
  /** Ten minutes at least before a rate of the hour is believed, an hour before one of the day: a lot change swings less. */
  hourMsMin: 600_000,
  dayMsMin: hourMs,
  /** A wall clock that leaves the monotonic one by more has been set; the samples are moved with it. */
  clockLeapMs: 60_000,
} as const

const sampleSchema = z.tuple([
  z.number().int().nonnegative(),
  z.number().int().nonnegative(),
  z.number().int().nonnegative(),
])
/** When, and the last numbers of the readings and the records then. */
type Sample = z.infer<typeof sampleSchema>
const samplesSchema = z.array(sampleSchema).max(1_000)

export interface DiskSources {
  readonly clock: Clock
  /** Bytes of the data folder. */
  readonly usedBytes: () => number
  readonly space: () => DiskSpace
  readonly stored: (space: DiskSpace) => StoredState
  /** Days after which readings go. */
  readonly readingsDays: number
  /** The samples of an earlier life; null: none. */
  readonly load: () => string | null
  readonly save: (text: string) => Promise<void>
}

/**
 * How long the disk lasts. The rate is that of the data, counted in rows and in bytes as they lie at rest: the folder
 * itself grows in steps, shrinks when segments are merged, and would show neither.
 */
export class DiskWatch {
  readonly #sources: DiskSources
  #samples: Sample[]
  #space: DiskSpace = { totalBytes: 0, usedBytes: 0, freeBytes: 0 }
  #used = 0
  #stored: StoredState | null = null
  #offsetMs: number
  #savedAtMs: number
  #cancel: () => void = () => {}
  #problem: string | null = null
  #problemKind: StoreProblem | null = null

  constructor(sources: DiskSources) {
    this.#sources = sources
    const { clock } = sources
    this.#offsetMs = clock.nowMs() - clock.monotonicMs()
    this.#savedAtMs = clock.monotonicMs()
    // What lies in the future was taken by another clock.
    this.#samples = parseSamples(sources.load()).filter(([atMs]) => atMs <= clock.nowMs())
  }

  start(): void {
    this.sample()
    this.#cancel = this.#sources.clock.after(diskLimits.sampleEveryMs, () => this.start())
  }

  stop(): void {
    this.#cancel()
  }

  /** What the store said last; null: it can write. */
  noteProblem(problem: string | null, kind: StoreProblem | null = null): void {
    this.#problem = problem
    this.#problemKind = problem === null ? null : (kind ?? 'other')
  }

  sample(): void {
    const { clock, space, usedBytes, stored, save } = this.#sources
    this.#moveWithClock()
    this.#space = space()
    this.#used = usedBytes()
    this.#stored = stored(this.#space)
    const nowMs = clock.nowMs()
    this.#samples = thinned([...this.#samples, [nowMs, this.#stored.readingsSeq, this.#stored.recordsSeq]], nowMs)
    if (clock.monotonicMs() - this.#savedAtMs < diskLimits.saveEveryMs) return
    this.#savedAtMs = clock.monotonicMs()
    // A store that cannot write says so by itself.
    save(JSON.stringify(this.#samples)).catch(() => {})
  }

  state(): LineToCloud['disk'] {
    return {
      free_bytes: this.#space.freeBytes,
      used_bytes: this.#used,
      horizon_days: this.#horizonDays(hourMs, diskLimits.hourMsMin),
      horizon_days_at_day_rate: this.#horizonDays(dayMs, diskLimits.dayMsMin),
      problem: this.#problem,
      problem_kind: this.#problemKind,
    }
  }

  #horizonDays(windowMs: number, windowMsMin: number): number | null {
    const stored = this.#stored
    const last = this.#samples.at(-1)
    if (stored === null || last === undefined) return null
    const first = this.#samples.find(([atMs]) => last[0] - atMs <= windowMs)
    if (first === undefined || last[0] - first[0] < windowMsMin) return null
    const bytes = (last[1] - first[1]) * stored.bytesPerReading + (last[2] - first[2]) * stored.bytesPerRecord
    return horizonDays({
      headroomBytes: stored.headroomBytes,
      bytesPerDay: (bytes / (last[0] - first[0])) * dayMs,
      held: {
        bytes: stored.heldReadings * stored.bytesPerReading,
        days: stored.heldSinceMs === null ? 0 : Math.max(0, last[0] - stored.heldSinceMs) / dayMs,
      },
      // What the cloud has not receipted within an hour, say because it cannot be reached, does not go by age either.
      daysKept: stored.receiptedReadingsSeq >= this.#readingsSeqAnHourAgo() ? this.#sources.readingsDays : null,
    })
  }

  #readingsSeqAnHourAgo(): number {
    const last = this.#samples.at(-1)
    return this.#samples.find(([atMs]) => last !== undefined && last[0] - atMs <= hourMs)?.[1] ?? 0
  }

  #moveWithClock(): void {
    const { clock } = this.#sources
    const offsetMs = clock.nowMs() - clock.monotonicMs()
    const leapMs = offsetMs - this.#offsetMs
    this.#offsetMs = offsetMs
    if (Math.abs(leapMs) < diskLimits.clockLeapMs) return
    this.#samples = this.#samples
      .map(([atMs, readings, records]): Sample => [Math.round(atMs + leapMs), readings, records])
      .filter(([atMs]) => atMs >= 0)
  }
}

function parseSamples(text: string | null): Sample[] {
  if (text === null) return []
  const parsed = samplesSchema.safeParse(JSON.parse(text))
  return parsed.success ? parsed.data : []
}

/** Each of the last hour, then the first of every ten minutes, for a day. */
function thinned(samples: readonly Sample[], nowMs: number): Sample[] {
  let slot = -1
  return samples.filter(([atMs]) => {
    if (nowMs - atMs > dayMs) return false
    if (nowMs - atMs <= hourMs) return true
    const own = Math.floor(atMs / diskLimits.coarseEveryMs)
    if (own === slot) return false
    slot = own
    return true
  })
}
