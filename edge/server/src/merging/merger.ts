import { describeError } from '@jidoka/base'
import type { Clock, Log, Service } from '@jidoka/base'
import type { ScrubPosition, ScrubStep } from '../keeping/scrub.ts'
import type { OpenPipeline } from '../pipeline/index.ts'
import type { Committed } from '../ports.ts'
import type { DamagedSegment } from '../store/segment-store.ts'
import { WorkerClient } from '../threads/worker-client.ts'
import { mergingLimits } from './limits.ts'
import type { MergeFunctions } from './merge-worker.ts'

export interface MergerOptions {
  readonly dataFolder: string
  readonly pipeline: Pick<OpenPipeline, 'replaceSegments' | 'onCommitted'>
  /** Whether readings go to a cloud: then only what it has receipted becomes part of the largest segments. */
  readonly hasCloud: boolean
  readonly clock: Clock
  readonly log: Log
  readonly onDamaged: (damaged: DamagedSegment) => void
  /** Where the program is bundled. */
  readonly workerFile?: URL
}

/**
 * Merges stored segments in the background: plans and builds in a thread of its own, and lets the journal put the result in
 * place. A crash at any instant leaves either the parts or the whole, and at most a file that the next start removes.
 */
export class Merger implements Service {
  readonly name = 'merger'
  readonly #options: MergerOptions
  readonly #worker: WorkerClient<MergeFunctions>
  readonly #stopping = new AbortController()
  /** Shared with the thread: the merge that it builds, which is known here when it breaks down. */
  readonly #underWay = new Float64Array(new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT))
  /** Merges at which it broke down. The same plan would come for ever. */
  readonly #broken: [number, number][] = []
  #rate = new CommitRate()
  #nothingToDoAtMs = -Infinity
  #unsubscribe: () => void = () => {}
  #running: Promise<void> = Promise.resolve()
  /** Merges put in place since the start. */
  mergesTotal = 0

  constructor(options: MergerOptions) {
    this.#options = options
    this.#worker = new WorkerClient<MergeFunctions>({
      name: 'merge',
      url: options.workerFile ?? new URL('./merge-worker.ts', import.meta.url),
      data: { dataFolder: options.dataFolder, underWay: this.#underWay },
      log: options.log,
      waitingMax: 4,
    })
  }

  start(): Promise<void> {
    this.#unsubscribe = this.#options.pipeline.onCommitted((committed) => this.#rate.note(committed))
    this.#running = this.#run()
    return Promise.resolve()
  }

  /** Resolves when the step under way is in place or given up. Before the journal is stopped. */
  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#stopping.abort()
    await this.#running
    await this.#worker.stop()
  }

  /** Checks a file and some records in the merging thread; see keeping/scrub.ts. */
  scrub(position: ScrubPosition): Promise<ScrubStep> {
    return this.#worker.call('scrub', position)
  }

  scrubNewest(): Promise<ScrubStep['damaged']> {
    return this.#worker.call('scrubNewest', null)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    let isSwept = false
    while (!signal.aborted) {
      let restMs: number
      try {
        if (!isSwept) await this.#sweep()
        isSwept = true
        restMs = this.#isWorthALook() ? await this.#step() : mergingLimits.lookEveryMs
      } catch (error) {
        if (signal.aborted) return
        this.#noteBroken()
        this.#options.log.warn({ action: 'merge', success: false }, describeError(error))
        restMs = mergingLimits.retryMs
      }
      await this.#rest(restMs)
    }
  }

  /** Before the first merge: a file of the one that a crash interrupted would be taken for one of ours. */
  async #sweep(): Promise<void> {
    const { removed, damaged } = await this.#worker.call('sweep', null)
    if (removed.length > 0)
      this.#options.log.info(
        { action: 'sweep', files: removed.length },
        'removed files of merges that a stop had interrupted',
      )
    for (const each of damaged) this.#options.onDamaged(each)
  }

  /** Where nothing was committed there is nothing new to merge, but for what grows old. */
  #isWorthALook(): boolean {
    return (
      this.#rate.hasNews || this.#options.clock.monotonicMs() - this.#nothingToDoAtMs >= mergingLimits.lookWhenIdleMs
    )
  }

  /** One merge, if there is one worth it. Answers how long to rest behind it. */
  async #step(): Promise<number> {
    const { clock, hasCloud, pipeline, onDamaged } = this.#options
    const startMs = clock.monotonicMs()
    const isBusy = this.#rate.isBusy(startMs)
    this.#rate.hasNews = false
    const step = await this.#worker.call('next', { nowMs: clock.nowMs(), hasCloud, isBusy, broken: this.#broken })
    for (const each of step.damaged) onDamaged(each)
    const { merged } = step
    if (merged === null && step.damaged.length === 0) {
      this.#nothingToDoAtMs = startMs
      return mergingLimits.lookEveryMs
    }
    this.#rate.hasNews = true
    if (merged === null) return mergingLimits.restMsMin
    const file = merged.place.kind === 'file' ? [merged.place.file] : []
    const { replaced, filesGone } = await pipeline.replaceSegments(merged).catch(async (error: unknown) => {
      // Rolled back: the parts are as they were, and the file belongs to nothing.
      await this.#worker.call('remove', file)
      throw error
    })
    if (filesGone.length > 0) await this.#worker.call('remove', filesGone)
    // The parts have changed under the merge, or have left for the cloud: not at once again, lest the two chase each other.
    if (!replaced) return mergingLimits.lookEveryMs
    this.mergesTotal++
    const workedMs = clock.monotonicMs() - startMs
    return isBusy && !step.isBacklogLarge ? workedMs * mergingLimits.restFactor : mergingLimits.restMsMin
  }

  #noteBroken(): void {
    const [fromSeq = 0, toSeq = 0] = this.#underWay
    this.#underWay.fill(0)
    if (fromSeq === 0) return
    this.#broken.push([fromSeq, toSeq])
    if (this.#broken.length > mergingLimits.brokenMax) this.#broken.shift()
    // There may be other merges, and what is left of this one changes when readings come.
    this.#rate.hasNews = true
    this.#options.log.error(
      { action: 'merge', success: false, fromSeq, toSeq },
      'the merging thread broke down over these readings; they stay as they lie, and what lies around them is merged',
    )
  }

  #rest(restMs: number): Promise<void> {
    const { signal } = this.#stopping
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#options.clock.after(restMs, done)
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }
}

/** How much comes in, since it was last asked. */
class CommitRate {
  #commits = 0
  #readings = 0
  #sinceMs = 0
  #isBusy = false
  /** Something was committed since this was set to false. */
  hasNews = true

  note({ counts }: Committed): void {
    this.hasNews = true
    if (counts.readings === 0) return
    this.#commits++
    this.#readings += counts.readings
  }

  isBusy(nowMs: number): boolean {
    const seconds = (nowMs - this.#sinceMs) / 1_000
    // Steps of a backlog follow one another within milliseconds, which say nothing of a rate.
    if (seconds < 0.2) return this.#isBusy
    this.#isBusy =
      this.#commits / seconds > mergingLimits.busyCommitsPerSecond ||
      this.#readings / seconds > mergingLimits.busyReadingsPerSecond
    this.#commits = 0
    this.#readings = 0
    this.#sinceMs = nowMs
    return this.#isBusy
  }
}
