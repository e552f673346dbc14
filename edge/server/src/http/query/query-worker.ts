import { workerData } from 'node:worker_threads'
import type { RuleDefinition } from '@jidoka/domain'
import { RuleEngine } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { openReader } from '../../store/journal-reader.ts'
import type { DamagedSegment } from '../../store/segment-store.ts'
import { serveCalls } from '../../threads/serve-calls.ts'
import { readHistory } from './read-history.ts'
import type { HistoryAnswer, HistoryQuestion } from './read-history.ts'
import { tryRule } from './try-rule.ts'
import type { TryRuleInput, TryRuleOutcome } from './try-rule.ts'

/** What a person asks for and may take a while: a trend decodes every segment of its span, and a rule's script may run to its limit. */
const { dataFolder } = workerData as { readonly dataFolder: string }
let damaged: DamagedSegment[] = []
const reader = openReader({ dataFolder, onDamaged: (each) => damaged.push(each) })
let engine: RuleEngine | null = null

const functions = {
  history(question: HistoryQuestion): FoundHistory {
    const startMs = performance.now()
    damaged = []
    const answer = readHistory(reader, question, () => performance.now() - startMs)
    return { answer, damaged }
  },
  tryRule({
    definition,
    input,
  }: {
    readonly definition: RuleDefinition
    readonly input: TryRuleInput
  }): TryRuleOutcome {
    engine ??= RuleEngine.create(loadRuleModule())
    return tryRule(engine, definition, input)
  },
}
export interface FoundHistory {
  readonly answer: HistoryAnswer
  /** What could not be read and is not in the answer, for whoever looks after damage. */
  readonly damaged: readonly DamagedSegment[]
}

export interface QueryFunctions {
  readonly [name: string]: (argument: never) => unknown
  readonly history: (question: HistoryQuestion) => FoundHistory
  readonly tryRule: (question: { readonly definition: RuleDefinition; readonly input: TryRuleInput }) => TryRuleOutcome
}

serveCalls(functions)
