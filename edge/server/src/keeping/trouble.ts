import type { NewRecord } from '@jidoka/domain'
import type { StoreProblem } from '../store/errors.ts'

/** A stretch in which the store could not write, from the first failure to the first commit that holds. */
export class Trouble {
  readonly problem: StoreProblem
  readonly freeBytes: number
  readonly #sinceMs: number
  readonly #sinceMonotonicMs: number
  /** Whether its beginning is on disk. */
  isRecorded = false

  constructor(
    problem: StoreProblem,
    freeBytes: number,
    now: { readonly wallMs: number; readonly monotonicMs: number },
  ) {
    this.problem = problem
    this.freeBytes = freeBytes
    this.#sinceMs = now.wallMs
    this.#sinceMonotonicMs = now.monotonicMs
  }

  /** Bears the time of the beginning, also where it can be written only later. */
  began(): NewRecord {
    return {
      at_ms: this.#sinceMs,
      kind: 'audit',
      body: {
        actor: 'appliance',
        action: this.problem === 'full' ? 'store.full' : 'store.failed',
        subject: 'data folder',
        detail: { problem: this.problem, free_bytes: this.freeBytes },
      },
    }
  }

  ended(freeBytes: number, now: { readonly wallMs: number; readonly monotonicMs: number }): NewRecord {
    return {
      at_ms: now.wallMs,
      kind: 'audit',
      body: {
        actor: 'appliance',
        action: 'store.resumed',
        subject: 'data folder',
        detail: {
          seconds: Math.round((now.monotonicMs - this.#sinceMonotonicMs) / 1_000),
          since_ms: this.#sinceMs,
          free_bytes: freeBytes,
        },
      },
    }
  }
}
