import { ProblemError } from '../http/problem.ts'
import type { ReachableModule } from './module-names.ts'

/** Why a module gave no answer: what people and metrics are told apart. */
export type Absence = 'down' | 'slow' | 'open' | 'refused' | 'unreadable'

/** Another module gave no answer. A program's mistake in the other module is not that: it comes as `internal`, as it would in process. */
export class ModuleUnavailableError extends ProblemError {
  override name = 'ModuleUnavailableError'
  readonly module: ReachableModule
  readonly absence: Absence

  constructor(module: ReachableModule, absence: Absence, more: { retryAfterS?: number; cause?: unknown } = {}) {
    super('unavailable', `The module ${module} does not answer. Try again in a moment.`, {
      retryAfterS: more.retryAfterS ?? 5,
      ...(more.cause === undefined ? {} : { cause: more.cause }),
    })
    this.module = module
    this.absence = absence
  }
}
