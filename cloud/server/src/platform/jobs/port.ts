import type { Log } from '@jidoka/base'
import { OperationalError } from '@jidoka/base'
import type { Permission } from '@jidoka/domain'
import type { z } from 'zod'
import type { Transaction } from '../db/database.ts'

/** Work that some process of the cloud does once, whichever it is, and that people see, stop and try again. */
export interface JobDefinition<Input = unknown> {
  /** Stable: it stands in the database, in metrics and in routes. `module.what`, such as `partitions.keep`. */
  readonly name: string
  readonly title: { readonly ko: string; readonly en: string }
  /** What it does and when somebody would start it by hand, in one sentence. */
  readonly about: { readonly ko: string; readonly en: string }
  /** Platform: once for all tenants, seen and started by administrators of the platform's own tenant alone. */
  readonly scope: 'tenant' | 'platform'
  /** What it is started with. A job with a schedule takes `{}`. */
  readonly input: z.ZodType<Input>
  /** Five fields, read in the tenant's time zone (platform: UTC). */
  readonly schedule?: string
  /** Whether people may start it from the console, and by what right; absent: programs alone. */
  readonly startedBy?: Permission
  /** At once over all processes; 1 to 20. */
  readonly concurrency: number
  /** Beyond the first; each waits twice as long as the one before. */
  readonly retries: number
  readonly retryDelaySeconds: number
  readonly timeoutSeconds: number
  /** Runs at least once: a process may be killed behind its last effect, so it begins with what is already done. */
  run(context: JobContext<Input>): Promise<JobResult>
  /**
   * Cancelled, a job that has this is not stopped: it is asked to take back what it has done, and `run` goes on, or comes again, until it has, and ends with
   * JobUndoneError. May be called more than once.
   * @returns why it is too late for that; null: asked
   */
  undo?(input: Input, by: string): Promise<string | null>
}

/** What a cancelled job ends with that has taken back what it had done. */
export class JobUndoneError extends OperationalError {
  override name = 'JobUndoneError'
}

export interface JobContext<Input> {
  readonly id: string
  /** Null in a job of the platform. */
  readonly tenantId: string | null
  readonly input: Input
  /** Aborted when the job is cancelled, has no time left, or its process shall stop. */
  readonly signal: AbortSignal
  readonly log: Log
  /** Kept for people, at most once a second; `note` is a short code of what is being done, with no data of people in it. */
  readonly progress: (done: number, total: number, note?: string) => void
}

/** Small facts of what was done, such as counts; shown in the console. At most 2 kB as JSON. */
export type JobResult = Readonly<Record<string, string | number | boolean | null>>

export interface JobsPort {
  register<Input>(definition: JobDefinition<Input>): void
  /**
   * @param tx the transaction that causes the job, of the job's tenant: it is started if and only if that is committed; absent: at once
   * @returns its id; the id of the one that waits or runs where `onceKey` is that of one
   * @throws ZodError when the input is not the job's
   */
  start(
    name: string,
    request: {
      readonly tenantId: string | null
      readonly input: unknown
      readonly by: string
      readonly onceKey?: string
      readonly tx?: Transaction
    },
  ): Promise<string>
  /** Under which of these keys one waits or runs, of the tenant of `tx`. */
  live(tx: Transaction, name: string, onceKeys: readonly string[]): Promise<ReadonlySet<string>>
}
