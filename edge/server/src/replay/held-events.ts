import { resolvedInputs } from '@jidoka/domain'
import type { FactoryEvent, RuleDefinition } from '@jidoka/domain'
import { PrunedRecords } from './pruned-records.ts'
import type { RecordGap } from './pruned-records.ts'

/** What each event says of its line, where it bears it; see `factsAfter`. The counts that another lot takes back are as well known as they were. */
const saidBy = {
  production_count: ['production_count', 'defect_count', 'order', 'lot', 'product', 'shift'],
  order_started: ['order', 'product'],
  lot_started: ['lot', 'order', 'product'],
} as const satisfies Partial<Record<FactoryEvent['type'], readonly string[]>>
type FactField = (typeof saidBy.production_count)[number]

const fieldsOf = ({ type }: FactoryEvent): readonly FactField[] =>
  type in saidBy ? saidBy[type as keyof typeof saidBy] : []

/** Which event of a line said each of its facts last, by the numbers of their records, and whether one that is not held any more may have said otherwise. */
export class HeldEvents {
  readonly #gaps: PrunedRecords
  readonly #lastSeqs = new Map<string, Map<FactField, number>>()
  /** Of any event, also one that changed no fact. */
  readonly #eventSeqs = new Map<string, number>()

  constructor(gaps: readonly RecordGap[]) {
    this.#gaps = new PrunedRecords(gaps)
  }

  /** An event came, and changed the facts of its line or not. */
  note(seq: number, event: FactoryEvent, changedFacts: boolean): void {
    this.#eventSeqs.set(event.line, seq)
    if (!changedFacts) return
    const lastSeqs = this.#lastSeqs.get(event.line) ?? new Map<FactField, number>()
    this.#lastSeqs.set(event.line, lastSeqs)
    for (const field of fieldsOf(event)) if (field in event) lastSeqs.set(field, seq)
  }

  /** Whether an event that is not held any more may say what a rule saw of a line behind this reading. */
  mayLackFact(definition: RuleDefinition, line: string, readingsSeq: number): boolean {
    const lastSeqs = this.#lastSeqs.get(line)
    return resolvedInputs(definition).some(
      (input) => input.from === 'mes' && this.#mayBeBehind(lastSeqs?.get(input.field) ?? 0, readingsSeq),
    )
  }

  /** Whether an event of this line may have come behind the last that is held, and no later than this reading. */
  mayLackEvent(line: string, readingsSeq: number): boolean {
    return this.#mayBeBehind(this.#eventSeqs.get(line) ?? 0, readingsSeq)
  }

  #mayBeBehind(afterSeq: number, readingsSeq: number): boolean {
    return this.#gaps.mayAccountFor(0, { afterSeq, commitLastSeq: readingsSeq })
  }
}
