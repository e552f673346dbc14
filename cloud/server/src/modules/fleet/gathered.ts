/** Looks at once. Two: while one is answered the next is gathered, and no more connections are held by questions than that. */
const atOnceMax = 2
/** Questions of one look: its parameters are a few kilobytes, and its answer is worked on without anybody else having a turn. */
const togetherMax = 64

interface Waiting<Question, Answer> {
  readonly question: Question
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Questions to the database that come at once, answered together: a fleet that comes back after a cut asks the same of each edge, and each by itself
 * would be a transaction. One that comes alone is looked for at once. An answer is of a look that began after its question.
 */
export class Gathered<Question, Answer> {
  readonly #look: (group: string, questions: readonly Question[]) => Promise<readonly Answer[]>
  /** In the order of their turns. */
  readonly #groups = new Map<string, Waiting<Question, Answer>[]>()
  #looking = 0

  /** @param look answers each question of a group, in order */
  constructor(look: (group: string, questions: readonly Question[]) => Promise<readonly Answer[]>) {
    this.#look = look
  }

  /** @param group only questions of one group are answered together: a transaction is of one tenant */
  ask(group: string, question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const waiting = this.#groups.get(group) ?? []
      waiting.push({ question, resolve, reject })
      this.#groups.set(group, waiting)
      this.#next()
    })
  }

  #next(): void {
    const [turn] = this.#groups
    if (turn === undefined || this.#looking >= atOnceMax) return
    const [group, waiting] = turn
    const asked = waiting.splice(0, togetherMax)
    // To the end of the line: no tenant waits for all the questions of another.
    this.#groups.delete(group)
    if (waiting.length > 0) this.#groups.set(group, waiting)
    this.#looking++
    void this.#answer(group, asked).finally(() => {
      this.#looking--
      this.#next()
    })
    this.#next()
  }

  async #answer(group: string, asked: readonly Waiting<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.#look(
        group,
        asked.map(({ question }) => question),
      )
      for (const [index, { resolve }] of asked.entries()) resolve(answers[index] as Answer)
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }
}
