import type { ReportedItem, RuleDefinition } from '@jidoka/domain'
import type { DesiredChange } from '../ports.ts'
import { hasWindows } from '../windows/demand.ts'
import type { Command, CommandAnswers, WentAhead } from './commands.ts'

type Ask = <Kind extends Command['kind']>(command: Extract<Command, { kind: Kind }>) => Promise<CommandAnswers[Kind]>

/** More rules are put in force a slice a flight. */
const rulesAtOnceMax = 8

/** Brings changes of the desired state to the journal, one after the other, in flights of which none is long: publishers are served in between. */
export class DesiredChanges {
  readonly #ask: Ask
  /** The last change, done or failed. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(ask: Ask) {
    this.#ask = ask
  }

  apply(change: DesiredChange): Promise<readonly ReportedItem[]> {
    // What is prepared belongs to one change: another one that begins meanwhile would throw it away.
    const applied = this.#last.then(() => this.#apply(change))
    this.#last = applied.catch(() => {})
    return applied
  }

  /** Windows of new rules are filled first; the older version of a rule judges on meanwhile. */
  async #apply(change: DesiredChange): Promise<readonly ReportedItem[]> {
    let definitions: readonly RuleDefinition[] | null = change.upserts.flatMap((item) =>
      item.kind === 'rule' && item.body.enabled && hasWindows(item.body) ? [item.body] : [],
    )
    let isPrepared = definitions.length === 0
    while (!isPrepared) {
      isPrepared = await this.#ask({ kind: 'prepare_windows', definitions })
      definitions = null
    }
    const removed: ReportedItem[] = []
    let rest: DesiredChange | null = change
    let isDone = change.upserts.filter(({ kind }) => kind === 'rule').length <= rulesAtOnceMax
    while (!isDone) {
      const went: WentAhead = await this.#ask({ kind: 'go_ahead', change: rest })
      removed.push(...went.removed)
      isDone = went.isDone
      rest = null
    }
    return [...removed, ...(await this.#ask({ kind: 'apply_desired', change }))]
  }
}
