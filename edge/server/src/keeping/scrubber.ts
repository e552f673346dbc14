import { describeError } from '@jidoka/base'
import type { Clock, Log, Service } from '@jidoka/base'
import { z } from 'zod'
import { scrubLimits, scrubStart } from './scrub.ts'
import type { ScrubPosition, ScrubStep } from './scrub.ts'
import type { Damage } from './set-aside.ts'

/** Name of the setting that keeps the position over restarts: a month is longer than most appliances run. */
export const scrubSetting = 'scrub_position'

const positionSchema = z.strictObject({
  readingsSeq: z.number().int().nonnegative(),
  recordsSeq: z.number().int().nonnegative(),
})

export interface ScrubberOptions {
  readonly clock: Clock
  readonly log: Log
  /** In a thread that may wait for the disk. */
  readonly step: (position: ScrubPosition) => Promise<ScrubStep>
  readonly newest: () => Promise<ScrubStep['damaged']>
  readonly report: (damage: Damage) => Promise<unknown>
  readonly load: () => string | null
  readonly save: (text: string) => Promise<void>
  /** The last stop was not in order: the newest files are looked at first. */
  readonly wasUnclean: boolean
}

/** Looks through the whole store about once a month, slowly, and reports what is damaged. */
export class Scrubber implements Service {
  readonly name = 'scrubber'
  readonly #options: ScrubberOptions
  #position: ScrubPosition
  #cancel: () => void = () => {}
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(options: ScrubberOptions) {
    this.#options = options
    this.#position = parsePosition(options.load())
  }

  start(): Promise<void> {
    this.#running = this.#options.wasUnclean ? this.#lookAtNewest() : Promise.resolve()
    this.#later()
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    await this.#running
  }

  #later(): void {
    this.#cancel = this.#options.clock.after(scrubLimits.everyMs, () => {
      this.#running = this.#turn()
    })
  }

  async #turn(): Promise<void> {
    await this.#guarded(async () => {
      const { damaged, next } = await this.#options.step(this.#position)
      await this.#report(damaged)
      this.#position = next
      await this.#options.save(JSON.stringify(next))
    })
    if (!this.#isStopped) this.#later()
  }

  #lookAtNewest(): Promise<void> {
    const { log, newest } = this.#options
    return this.#guarded(async () => {
      const damaged = await newest()
      await this.#report(damaged)
      log.info(
        { action: 'scrub', damaged: damaged.length },
        damaged.length === 0
          ? 'the newest files were checked after the unclean stop and are whole'
          : `${damaged.length} of the newest files were damaged and are set aside`,
      )
    })
  }

  async #report(damaged: ScrubStep['damaged']): Promise<void> {
    for (const { lane, firstSeq, why } of damaged) {
      this.#options.log.error({ action: 'scrub', lane, firstSeq, why }, `damaged ${lane} from number ${firstSeq} on`)
      await this.#options.report({ lane, firstSeq })
    }
  }

  /** A full disk or a thread that is busy: the next turn looks again. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!this.#isStopped) this.#options.log.warn({ action: 'scrub', success: false }, describeError(error))
    }
  }
}

function parsePosition(text: string | null): ScrubPosition {
  if (text === null) return scrubStart
  const parsed = positionSchema.safeParse(JSON.parse(text))
  return parsed.success ? parsed.data : scrubStart
}
