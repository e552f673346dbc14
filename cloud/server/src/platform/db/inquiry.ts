import type { Clock } from '@jidoka/base'
import type { Backend } from './backend.ts'
import type { Place, Places } from './places.ts'
import { DatabaseUnavailableError } from './unavailable.ts'

/** Of a list of all tenants: whose it is. */
export interface OfTenant {
  readonly tenant_id: string
}

/** Of a database beside the main one: whoever signs in waits for all of them where none has the name. */
const answerMsMax = 2_000
/** One that was away is asked by one request in so long; the others go without it at once. */
const awayMs = 5_000

/** Not asked, as it did not answer a moment ago. */
class StillAwayError extends DatabaseUnavailableError {}

export interface Answer<Row> {
  readonly rows: Row[]
  /** Databases that did not answer. */
  readonly unreached: string[]
  /** What the first of them failed with. */
  readonly failure: { readonly error: unknown } | null
}

/** Asks all databases for what one of them has: a database that is away, or takes and does not answer, must not keep the tenants of the others waiting. */
export class Inquiry {
  readonly #clock: Clock
  readonly #main: Backend
  readonly #awayUntilMs = new Map<string, number>()

  /** @param main is waited for: without it there is no cloud */
  constructor(clock: Clock, main: Backend) {
    this.#clock = clock
    this.#main = main
  }

  /** @param rowsMax with so many rows nobody else is waited for */
  ask<Row extends OfTenant>(
    places: Places,
    rowsMax: number,
    work: (place: Place) => Promise<Row[]>,
  ): Promise<Answer<Row>> {
    const rows: Row[] = []
    const unreached: string[] = []
    let failure: Answer<Row>['failure'] = null
    return new Promise((resolve) => {
      // Those who are late change nothing of what was answered.
      const end = () => resolve({ rows: [...rows], unreached: [...unreached], failure })
      const answers = places.all.map(async (place) => {
        try {
          const found = await (place.backend === this.#main ? work(place) : this.#askOther(place, work))
          // A tenant that moves has rows in two databases; they count where it is.
          rows.push(...found.filter(({ tenant_id: tenantId }) => places.of(tenantId).place === place))
          if (rows.length >= rowsMax) end()
        } catch (error) {
          if (!(error instanceof StillAwayError)) places.missed(place, error)
          failure ??= { error }
          unreached.push(place.name)
        }
      })
      void Promise.all(answers).then(end)
    })
  }

  async #askOther<Row>(place: Place, work: (place: Place) => Promise<Row[]>): Promise<Row[]> {
    const { name } = place
    const nowMs = this.#clock.monotonicMs()
    const awayUntilMs = this.#awayUntilMs.get(name)
    if (awayUntilMs !== undefined && nowMs < awayUntilMs)
      throw new StillAwayError(`the database ${name} did not answer a moment ago`)
    // Until it has answered, this is the one that asks.
    if (awayUntilMs !== undefined) this.#awayUntilMs.set(name, nowMs + awayMs)
    try {
      const found = await this.#inTime(name, work(place))
      this.#awayUntilMs.delete(name)
      return found
    } catch (error) {
      if (error instanceof DatabaseUnavailableError && place.backend !== null)
        this.#awayUntilMs.set(name, this.#clock.monotonicMs() + awayMs)
      throw error
    }
  }

  async #inTime<Result>(name: string, answer: Promise<Result>): Promise<Result> {
    let cancel: () => void = () => undefined
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(answerMsMax, () =>
        reject(new DatabaseUnavailableError(`the database ${name} did not answer within ${answerMsMax / 1_000} s`)),
      )
    })
    try {
      return await Promise.race([answer, late])
    } finally {
      cancel()
    }
  }
}
