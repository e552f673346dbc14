/**
 * The fast path must never be told from Rhai: not by a verdict, an explanation, an error or its place. Random rules of the
 * fast path's kind judge random rows full of corners (-0, subnormals, neighbours of a limit, integers at the edge of what
 * is safe) with and without it. JIDOKA_TEST_SEED draws others; a failure names its seed.
 */
import { expect, test } from 'vitest'
import { RowBatch, RowShape, type RowOutcome } from './index.ts'
import { newEngine } from '../test/engine.ts'
import { Random, RuleWriter, randomRow, randomRuleFields, randomRuleParams } from '../test/random-rules.ts'

const seed = Number.parseInt(process.env['JIDOKA_TEST_SEED'] ?? '20261121', 10)
/** Seconds in a test run; minutes in the long one. */
const isLong = process.env['JIDOKA_TEST_LONG'] === '1'
const ruleCount = isLong ? 100_000 : 4_000
/** Fewer than eight rows are run one by one, others by columns, in blocks of 256. */
const rowsOf = (index: number): number => (index % 50 === 0 ? 300 : index % 10 === 1 ? 5 : 24)

function text(outcome: RowOutcome | undefined): string {
  // JSON would make -0 of a confidence a 0.
  const sign = outcome?.kind === 'verdict' && Object.is(outcome.verdict.confidence, -0) ? ' -0' : ''
  return `${JSON.stringify(outcome)}${sign}`
}

test(
  `the fast path answers as Rhai does, seed ${seed}`,
  () => {
    const random = new Random(seed)
    const writer = new RuleWriter(random)
    const fast = newEngine()
    const slow = newEngine({ fastPath: false })
    const batch = new RowBatch(new RowShape(randomRuleFields))
    const seen = { rows: 0, fastRules: 0, verdicts: 0, explanations: 0, errors: 0, refusedRules: 0 }
    for (let index = 0; index < ruleCount; index++) {
      const source = { source: writer.rule(), fields: randomRuleFields, params: randomRuleParams }
      const [ours, theirs] = [fast.compile(source), slow.compile(source)]
      if (!ours.ok || !theirs.ok) {
        expect({ source: source.source, ...ours }).toEqual({ source: source.source, ...theirs })
        seen.refusedRules += 1
        continue
      }
      if (ours.rule.fastPath) seen.fastRules += 1
      batch.reset()
      for (let row = 0; row < rowsOf(index); row++) batch.pushRow(randomRow(random))
      const [fastOutcomes, slowOutcomes] = [fast.outcomes(ours.rule, batch), slow.outcomes(theirs.rule, batch)]
      for (const [row, outcome] of fastOutcomes.entries()) {
        if (text(outcome) !== text(slowOutcomes[row])) {
          const cells = randomRuleFields.map(({ name, kind }, column) => {
            const cell = batch.cells[row * randomRuleFields.length + column] ?? 0
            return `${name} = ${kind === 'text' ? JSON.stringify(batch.texts[cell]) : cell}`
          })
          expect.fail(`${source.source}\n${cells.join(', ')}\nfast ${text(outcome)}\nRhai ${text(slowOutcomes[row])}`)
        }
        seen.rows += 1
        if (outcome.kind === 'error') seen.errors += 1
        else {
          seen.verdicts += 1
          if (outcome.verdict.explanation !== undefined) seen.explanations += 1
        }
      }
      fast.drop(ours.rule)
      slow.drop(theirs.rule)
    }
    // A generator that drew nothing of interest would agree with everything.
    expect(seen.rows).toBeGreaterThanOrEqual(50_000)
    expect(seen.fastRules).toBeGreaterThan(ruleCount * 0.9)
    expect(seen.verdicts).toBeGreaterThan(seen.rows / 4)
    expect(seen.explanations).toBeGreaterThan(seen.rows / 20)
    expect(seen.errors).toBeGreaterThan(seen.rows / 50)
    expect(seen.refusedRules).toBeLessThan(ruleCount / 20)
  },
  isLong ? 1_800_000 : 120_000,
)
