import { workerData } from 'node:worker_threads'
import type { RuleDefinition } from '@jidoka/domain'
import { RuleEngine } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { openReader } from '../../store/journal-reader.ts'
import { serveCalls } from '../../threads/serve-calls.ts'
import { readHistory } from './read-history.ts'
import type { HistoryAnswer, HistoryQuestion } from './read-history.ts'
import { tryRule } from './try-rule.ts'
import type { TryRuleInput, TryRuleOutcome } from './try-rule.ts'

/** What a person asks for and may take a while: a trend decodes every segment of its span, and a rule's script may run to its limit. */
const reader = openReader(workerData as { readonly dataFolder: string })
let engine: RuleEngine | null = null

const functions = {
  history(question: HistoryQuestion): HistoryAnswer {
    const startMs = performance.now()
    return readHistory(reader, question, () => performance.now() - startMs)
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
export interface QueryFunctions {
  readonly [name: string]: (argument: never) => unknown
  readonly history: (question: HistoryQuestion) => HistoryAnswer
  readonly tryRule: (question: { readonly definition: RuleDefinition; readonly input: TryRuleInput }) => TryRuleOutcome
}

serveCalls(functions)
