import type { KeepingPolicy } from '../keeping/policy.ts'
import type { Committed } from '../ports.ts'
import type { StoreProblem } from '../store/errors.ts'
import type { Command, CommandAnswer } from './commands.ts'
import type { Flight } from './flight.ts'

/** What the worker is started with. */
export interface WorkerStart {
  readonly dataFolder: string
  readonly tenantId: string
  readonly pageCountMax: number | undefined
  readonly keeping: KeepingPolicy | undefined
  readonly ruleModuleFile: string | undefined
}

export type ToWorker =
  | { readonly kind: 'flight'; readonly flight: Flight | null; readonly commands: readonly Command[] }
  /** Every flight was answered since one failed: from now on they may be tried again, and the store too. */
  | { readonly kind: 'go_on' }
  | { readonly kind: 'watch_verdicts'; readonly wanted: boolean }
  | { readonly kind: 'limit_pages'; readonly pageCountMax: number }
  | { readonly kind: 'stop' }

export type FromWorker =
  | { readonly kind: 'opened'; readonly epoch: string; readonly found: string | null }
  | { readonly kind: 'not_opened'; readonly message: string }
  /** Answers one flight, in the order they were sent. `buffer` is the flight's, given back. */
  | {
      readonly kind: 'landed'
      readonly committed: Committed | null
      readonly answers: readonly CommandAnswer[]
      readonly buffer: ArrayBuffer | null
    }
  | {
      readonly kind: 'failed'
      readonly problem: StoreProblem
      readonly message: string
      readonly buffer: ArrayBuffer | null
    }
  /** The worker's own commits, made as time passes. */
  | { readonly kind: 'swept'; readonly committed: Committed }
  /** A commit of its own failed; or the store works again (null). */
  | { readonly kind: 'store'; readonly problem: { readonly problem: StoreProblem; readonly message: string } | null }
  | { readonly kind: 'stopped' }
