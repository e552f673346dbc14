import { workerData } from 'node:worker_threads'
import type { CommandResult } from '@jidoka/domain'
import { RuleEngine } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { RuleRunner } from '../../judge/rule-runner.ts'
import { serveCalls } from '../../threads/serve-calls.ts'
import { rehearse } from './rehearse.ts'
import type { RehearsalQuestion } from './rehearse.ts'

/** Judges a day of readings: minutes of a thread of its own, with a connection and an engine of its own. */
const { dataFolder } = workerData as { readonly dataFolder: string }

export interface RehearsalFunctions {
  readonly [name: string]: (argument: never) => unknown
  readonly rehearse: (question: RehearsalQuestion) => CommandResult
}

const functions: RehearsalFunctions = {
  rehearse(question: RehearsalQuestion): CommandResult {
    const startMs = performance.now()
    const runner = new RuleRunner(RuleEngine.create(loadRuleModule()))
    return rehearse({ ...question, dataFolder, runner, elapsedMs: () => performance.now() - startMs })
  },
}

serveCalls(functions)
