import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { noDoubt, retryDelayMs } from '@jidoka/sync-engine'
import type { Doubt } from '@jidoka/sync-engine'
import type { Lane } from '@jidoka/sync-protocol'
import { z } from 'zod'
import type { JournalReader, Pipeline } from '../ports.ts'

const doubtSetting = 'lanes_in_doubt'
const doubtSchema = z.object({ seesTwo: z.boolean(), isToldOfTwo: z.boolean() })
const storedSchema = z.object({ epoch: z.string(), records: doubtSchema, readings: doubtSchema })

/** What each lane of the present epoch knows of two histories, as it was noted last (S20). */
export function doubtsOf(reader: Pick<JournalReader, 'epoch' | 'setting'>): Readonly<Record<Lane, Doubt>> {
  const stored = storedSchema.safeParse(JSON.parse(reader.setting(doubtSetting) ?? 'null'))
  if (!stored.success || stored.data.epoch !== reader.epoch) return { records: noDoubt, readings: noDoubt }
  const { records, readings } = stored.data
  return { records, readings }
}

export interface DoubtKeeperParts {
  readonly pipeline: Pick<Pipeline, 'saveSetting'>
  readonly reader: Pick<JournalReader, 'epoch' | 'setting'>
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

/** Notes on the disk what the lanes know of two histories: an appliance without a line, which only a courier's file tells anything, must know it after a restart. */
export class DoubtKeeper {
  readonly #parts: DoubtKeeperParts
  readonly #epoch: string
  #doubts: Readonly<Record<Lane, Doubt>>
  #isStopped = false
  #isRetrying = false

  constructor(parts: DoubtKeeperParts) {
    this.#parts = parts
    this.#epoch = parts.reader.epoch
    this.#doubts = doubtsOf(parts.reader)
  }

  /** At the start. */
  get doubts(): Readonly<Record<Lane, Doubt>> {
    return this.#doubts
  }

  /** Nothing is tried again. */
  stop(): void {
    this.#isStopped = true
  }

  note(lane: Lane, doubt: Doubt): void {
    this.#doubts = { ...this.#doubts, [lane]: doubt }
    this.#write(0)
  }

  /** Tried until it holds, with what is known by then. */
  #write(tries: number): void {
    const { pipeline, clock, log, random } = this.#parts
    pipeline
      .saveSetting(doubtSetting, JSON.stringify({ epoch: this.#epoch, ...this.#doubts }))
      .catch((error: unknown) => {
        log.error({ action: 'note_doubt', err: error }, `note_doubt: ${describeError(error)}`)
        if (this.#isRetrying) return
        this.#isRetrying = true
        clock.after(retryDelayMs(tries, random()), () => {
          this.#isRetrying = false
          if (!this.#isStopped) this.#write(tries + 1)
        })
      })
  }
}
