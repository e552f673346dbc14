import type { z } from 'zod'
import type { JobContext, JobDefinition, JobResult } from './port.ts'
import { nextDueMs } from './schedule.ts'

/** A definition whose input is known to none but itself. */
export interface AnyJob extends Omit<JobDefinition, 'input' | 'run' | 'undo'> {
  readonly input: z.ZodType
  run(context: JobContext<unknown>): Promise<JobResult>
  readonly undo: ((input: unknown, by: string) => Promise<string | null>) | null
}

const kindPattern = /^[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*)+$/

/** The kinds of jobs that this process knows. What is wrong with one is a mistake of ours, and ends the program as it starts. */
export class JobRegistry {
  readonly #jobs = new Map<string, AnyJob>()

  register<Input>(definition: JobDefinition<Input>): void {
    const { name, concurrency, retries, timeoutSeconds, schedule, input } = definition
    if (!kindPattern.test(name) || name.length > 63)
      throw new TypeError(`the job "${name}" must be named module.what, in small letters`)
    if (this.#jobs.has(name)) throw new TypeError(`the job "${name}" is registered twice`)
    if (!(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 20))
      throw new RangeError(`the job "${name}" must run 1 to 20 times at once`)
    if (!(Number.isInteger(retries) && retries >= 0 && retries <= 20))
      throw new RangeError(`the job "${name}" must be tried again 0 to 20 times`)
    if (!(timeoutSeconds >= 1 && timeoutSeconds <= 24 * 3_600))
      throw new RangeError(`the job "${name}" must be given a second to a day`)
    if (schedule !== undefined) {
      if (schedule.trim().split(/\s+/).length !== 5)
        throw new TypeError(`the schedule of "${name}" must have five fields`)
      nextDueMs(schedule, 'UTC', 0)
      input.parse({})
    }
    this.#jobs.set(name, {
      ...definition,
      input,
      // Given what `input` has read, and nothing else.
      run: (context) => definition.run(context as JobContext<Input>),
      undo:
        definition.undo === undefined ? null : async (read, by) => (await definition.undo?.(read as Input, by)) ?? null,
    })
  }

  get kinds(): string[] {
    return [...this.#jobs.keys()]
  }

  get all(): AnyJob[] {
    return [...this.#jobs.values()]
  }

  find(kind: string): AnyJob | undefined {
    return this.#jobs.get(kind)
  }
}
