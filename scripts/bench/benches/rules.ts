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
    // V8 optimises WebAssembly and closures in the background: the first seconds measure that and not the engine.
    for (let turn = 0; turn < warmUpTurns; turn++) {
      for (const name of ['fastPath', 'anyRule', 'jsonRulesEngine'] as const) await rate(name)()
    }
    const row = (name: string, subject: keyof RuleSubjects, peer: keyof RuleSubjects): BenchRow => ({
      name,
      unit: 'evaluations/s',
      subject: rate(subject),
      peer: rate(peer),
    })
    return {
      rows: [
        row('any rule, batches of 500, against json-rules-engine', 'anyRule', 'jsonRulesEngine'),
        row('fast path, batches of 500, against json-rules-engine', 'fastPath', 'jsonRulesEngine'),
      ],
      close: async () => {},
    }
  },
}
