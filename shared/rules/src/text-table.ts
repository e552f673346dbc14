import type { RuleModule } from './rule-module.ts'

/** What holds texts by numbers of its own: a batch of rows. */
export interface TextOwner {
  readonly texts: readonly string[]
  numbering: TextNumbering | undefined
}

/** Numbers of an owner's texts in one table. */
export interface TextNumbering {
  readonly table: TextTable
  /** By the owner's number. */
  readonly numbers: number[]
}

/**
 * Bytes of texts (with 64 for each one's bookkeeping) after which all numbers are forgotten and given anew. Lower: texts
 * cross to the module again and again; higher: texts that were seen once hold memory of a module that has 64 MB.
 */
export const textBytesKept = 4 * 1024 * 1024

/** The numbers that texts have in one instance of the module. Replaced as a whole when they are forgotten. */
export class TextTable {
  readonly #module: RuleModule
  readonly #numbers = new Map<string, number>()
  readonly #texts: (string | undefined)[] = []

  constructor(module: RuleModule) {
    this.#module = module
  }

  /** The numbers of the owner's texts, adding those that are new. Throws ModuleTrap. */
  numbersOf(owner: TextOwner): readonly number[] {
    if (owner.numbering?.table !== this) owner.numbering = { table: this, numbers: [] }
    const { numbers } = owner.numbering
    for (let index = numbers.length; index < owner.texts.length; index++) {
      numbers.push(this.#number(owner.texts[index] ?? ''))
    }
    return numbers
  }

  /** The text of a number that the module answered with. One string object per number. */
  text(number: number): string {
    return this.#texts[number] ?? this.#fetch(number)
  }

  #fetch(number: number): string {
    const text = this.#module.text(number)
    this.#texts[number] = text
    return text
  }

  #number(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#module.textNumber(text)
    this.#numbers.set(text, number)
    return number
  }
}
