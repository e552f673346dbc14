import { makeSubjects } from '../../../shared/rules/bench/subjects.ts'
import type { RuleSubjects } from '../../../shared/rules/bench/subjects.ts'
import type { Bench, BenchRow } from '../harness.ts'

/** Long enough for the slowest peer to judge a batch several times, short enough that three rounds of all take seconds. */
const turnMs = 400
const warmUpTurns = 6

export const bench: Bench = {
  async prepare() {
    const subjects = makeSubjects()
    const rate = (name: keyof RuleSubjects) => async () => {
      const fromMs = performance.now()
      let judgments = 0
      while (performance.now() - fromMs < turnMs) judgments += await subjects[name]()
      return judgments / ((performance.now() - fromMs) / 1000)
    }
    const row = (name: string, subject: keyof RuleSubjects, peer: keyof RuleSubjects): BenchRow => ({
      name,
      unit: 'evaluations/s',
      subject: rate(subject),
      peer: rate(peer),
    })
    // V8 optimises WebAssembly and closures in the background: the first seconds measure that and not the engine.
    const names = [
      'fastPath',
      'fastPathExplained',
      'windowsFastPath',
      'anyRule',
      'manyRulesFastPath',
      'manyRulesAnyRule',
      'parseAndClosure',
      'explainedParseAndClosure',
      'windowsParseAndClosure',
      'jsonRulesEngine',
      'jsonRulesEngineExplained',
    ] as const
    for (let turn = 0; turn < warmUpTurns; turn++) for (const name of names) await rate(name)()
    return {
      rows: [
        row('any rule, batches of 500, against json-rules-engine', 'anyRule', 'jsonRulesEngine'),
        row('any rule, batches of 500, against JSON.parse + a closure', 'anyRule', 'parseAndClosure'),
        row('fast path, batches of 500, against json-rules-engine', 'fastPath', 'jsonRulesEngine'),
        row('fast path, batches of 500, against JSON.parse + a closure', 'fastPath', 'parseAndClosure'),
        row('with explanation templates, against json-rules-engine', 'fastPathExplained', 'jsonRulesEngineExplained'),
        row(
          'with explanation templates, against JSON.parse + a closure',
          'fastPathExplained',
          'explainedParseAndClosure',
        ),
        row(
          'with windows, `let`, `switch` and templates, against JSON.parse + a closure',
          'windowsFastPath',
          'windowsParseAndClosure',
        ),
        row('1,000 rules in one call against one rule, any', 'manyRulesAnyRule', 'anyRule'),
        row('1,000 rules in one call against one rule, fast path', 'manyRulesFastPath', 'fastPath'),
      ],
      close: async () => {},
    }
  },
}
