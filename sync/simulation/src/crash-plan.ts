/** At which of the next effects a program dies, before or after it. */
export class CrashPlan {
  readonly losesReceipt: boolean
  readonly #isAfter: boolean
  #effectsLeft: number

  constructor(
    effects: number,
    { isAfter, losesReceipt }: { readonly isAfter: boolean; readonly losesReceipt: boolean },
  ) {
    this.#effectsLeft = effects
    this.#isAfter = isAfter
    this.losesReceipt = losesReceipt
  }

  /** Counts down; true at none. */
  strikes(when: 'before' | 'after'): boolean {
    return this.#isAfter === (when === 'after') && --this.#effectsLeft <= 0
  }
}
