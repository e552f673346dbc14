import type { Log } from '@jidoka/base'
import type { StoreProblem } from '../store/errors.ts'

type Listener = (problem: string | null, kind: StoreProblem | null) => void

/** Why the journal cannot be written, as its worker has said last: told to whoever listens once each time that it changes. */
export class ToldProblems {
  readonly #log: Log
  readonly #listeners = new Set<Listener>()
  #sentence: string | null = null
  #kind: StoreProblem | null = null

  constructor(log: Log) {
    this.#log = log
  }

  /** Told of one that is there already, too. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    if (this.#sentence !== null) listener(this.#sentence, this.#kind)
    return () => this.#listeners.delete(listener)
  }

  tell(problem: { readonly problem: StoreProblem; readonly message: string } | null): void {
    const sentence = problem?.message ?? null
    if (sentence === this.#sentence) return
    this.#sentence = sentence
    this.#kind = problem?.problem ?? null
    if (sentence === null) this.#log.info({ action: 'store' }, 'the journal can be written again')
    else this.#log.error({ action: 'store', problem: problem?.problem }, sentence)
    for (const listener of this.#listeners) listener(sentence, this.#kind)
  }
}
