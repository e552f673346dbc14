import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { jobLimits } from './limits.ts'
import { JobUndoneError } from './port.ts'
import type { JobContext, JobResult } from './port.ts'
import type { AnyJob } from './registry.ts'
import type { ClaimedJob, RunKey } from './repository.ts'

/** Why a job is asked to end before it is done. */
export type EndReason = 'cancelled' | 'timeout' | 'stopping' | 'lost'

/** How a run ended. `lost`: another process has it by now. */
export type Ended =
  | { readonly kind: 'done'; readonly result: JobResult }
  | { readonly kind: 'failed'; readonly error: string; readonly isFinal: boolean }
  | { readonly kind: 'cancelled'; readonly error: string | null }
  | { readonly kind: 'released' }
  | { readonly kind: 'lost' }

export interface Progress {
  readonly done: number
  readonly total: number
  readonly note: string | null
}

export interface RunParts {
  readonly clock: Clock
  readonly log: Log
  readonly tenantId: string
  /** Null in a job of the platform. */
  readonly scopeTenantId: string | null
  /** Writes progress down. What it throws is logged: the job goes on. */
  readonly keep: (key: RunKey, progress: Progress) => Promise<void>
}

const sentences: Readonly<Record<EndReason, string>> = {
  cancelled: 'the job was cancelled',
  timeout: 'the job ran out of time',
  stopping: 'the process stops',
  lost: 'another process has taken the job over',
}

/** One attempt at a job in this process. */
export class Run {
  readonly key: RunKey
  readonly tenantId: string
  readonly #job: ClaimedJob
  readonly #definition: AnyJob
  readonly #parts: RunParts
  readonly #abort = new AbortController()
  readonly #graceOver = Promise.withResolvers<void>()
  #reason: EndReason | null = null
  #cancelGrace: () => void = () => undefined
  #progress: Progress | null = null
  #keptMs = -Infinity
  #keeping: Promise<void> = Promise.resolve()
  #isKeeping = false
  #hasEnded = false

  constructor(definition: AnyJob, job: ClaimedJob, parts: RunParts) {
    this.#definition = definition
    this.#job = job
    this.#parts = parts
    this.tenantId = parts.tenantId
    this.key = { jobId: job.id, runs: job.runs }
  }

  get kind(): string {
    return this.#job.kind
  }

  /** Asks the job to end, and gives it a while. The first reason stands. */
  end(reason: EndReason): void {
    if (this.#reason !== null || this.#hasEnded) return
    // It was asked already, and takes back what it has done.
    if (reason === 'cancelled' && this.#definition.undo !== null) return
    this.#reason = reason
    this.#cancelGrace = this.#parts.clock.after(jobLimits.graceMs, () => this.#graceOver.resolve())
    this.#abort.abort(new Error(sentences[reason]))
  }

  /** Runs the job to its end. Rejects never. */
  async execute(): Promise<Ended> {
    const { clock, log, scopeTenantId } = this.#parts
    const { timeoutSeconds, input: schema } = this.#definition
    const input = schema.safeParse(this.#job.input)
    // It was right when it was started: another release reads it otherwise, and trying again changes nothing.
    if (!input.success)
      return { kind: 'failed', error: `its input is not right: ${describeError(input.error)}`, isFinal: true }
    const cancelTimeout = clock.after(timeoutSeconds * 1_000, () => this.end('timeout'))
    const context: JobContext<unknown> = {
      id: this.#job.id,
      tenantId: scopeTenantId,
      input: input.data,
      signal: this.#abort.signal,
      log: log.child({ job: this.#job.id, kind: this.#job.kind }),
      progress: (done, total, note) => this.#note(done, total, note),
    }
    // Called within a promise: what it throws at once is a failure like any other.
    const work = Promise.resolve()
      .then(() => this.#definition.run(context))
      .then(checkedResult)
      .then(
        (result): Ended => ({ kind: 'done', result }),
        (error: unknown): Ended =>
          error instanceof JobUndoneError
            ? { kind: 'cancelled', error: null }
            : { kind: 'failed', error: shortened(describeError(error)), isFinal: false },
      )
    const ended = await Promise.race([work, this.#graceOver.promise.then(() => null)])
    this.#hasEnded = true
    cancelTimeout()
    this.#cancelGrace()
    await this.#keeping
    return this.#told(ended)
  }

  /** What came of it, by what it was asked to. What is done is done, however late. */
  #told(ended: Ended | null): Ended {
    if (this.#reason === 'lost') return { kind: 'lost' }
    if (ended?.kind === 'done' || ended?.kind === 'cancelled') return ended
    if (ended === null)
      this.#parts.log.error(
        { action: 'jobs.run', success: false, job: this.#job.id, kind: this.#job.kind },
        `${sentences[this.#reason ?? 'timeout']}, and it did not end within ${jobLimits.graceMs / 1_000} s: its code must heed the signal`,
      )
    if (this.#reason === 'cancelled')
      return { kind: 'cancelled', error: ended === null ? 'it did not end when it was told to' : null }
    if (this.#reason === 'stopping') return { kind: 'released' }
    if (this.#reason === null && ended !== null) return ended
    return { kind: 'failed', error: `it was not done within ${this.#definition.timeoutSeconds} s`, isFinal: false }
  }

  #note(done: number, total: number, note?: string): void {
    if (this.#hasEnded || !Number.isFinite(done) || !Number.isFinite(total)) return
    this.#progress = { done, total, note: note?.slice(0, jobLimits.noteLettersMax) ?? null }
    this.#keep()
  }

  /** The newest, at most once a second and one after the other. */
  #keep(): void {
    const progress = this.#progress
    const { clock, log, keep } = this.#parts
    if (progress === null || this.#isKeeping || clock.monotonicMs() - this.#keptMs < jobLimits.progressMs) return
    this.#progress = null
    this.#keptMs = clock.monotonicMs()
    this.#isKeeping = true
    this.#keeping = keep(this.key, progress)
      .catch((error: unknown) => log.warn({ action: 'jobs.progress', success: false }, describeError(error)))
      .finally(() => (this.#isKeeping = false))
  }
}

const shortened = (text: string): string => text.slice(0, jobLimits.errorLettersMax)

/** Facts and nothing nested: it is shown as a list. */
function checkedResult(result: JobResult): JobResult {
  const isFlat = Object.values(result).every((value) => value === null || typeof value !== 'object')
  if (!isFlat || Buffer.byteLength(JSON.stringify(result)) > jobLimits.resultBytesMax)
    throw new Error(`its result must be flat and at most ${jobLimits.resultBytesMax} bytes`)
  return result
}
