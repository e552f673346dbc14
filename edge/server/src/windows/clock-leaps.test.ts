/**
 * Whatever the wall clock does, and whenever the appliance starts anew or a rule is deployed within it, a window says what it says
 * without that (I3). Held against a bank that is never filled from the journal and, through it, against windows as their description
 * reads, which keep every reading since the clock was last set back.
 */
import { parseTagKey, ruleDefinitionSchema } from '@jidoka/domain'
import type { ChartInput, Quality, RuleDefinition, TagPlace, WindowInput } from '@jidoka/domain'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newCell } from '../judge/inputs.ts'
import type { Cell } from '../judge/inputs.ts'
import { judgeLimits } from '../judge/limits.ts'
import type { WindowedTag } from './tag-windows.ts'
import { NaiveJournal, NaiveSeries } from './test-naive-windows.ts'
import { WindowBank } from './window-bank.ts'
import { specOf } from './window-spec.ts'

const startMs = Date.UTC(2026, 10, 21, 23, 58)
const yearMs = 365 * 86_400_000
const tagsCount = 3

const newTags = (): WindowedTag[] =>
  Array.from({ length: tagsCount }, (_, index) => ({
    tagNo: index + 1,
    place: parseTagKey(`LINE-A/P${index}/temperature`) as TagPlace,
    windows: undefined,
  }))

const ruleOf = (id: string, inputs: readonly unknown[]): RuleDefinition =>
  ruleDefinitionSchema.parse({
    id,
    version: 1,
    name: { ko: '편차', en: 'Drift' },
    trigger: { on: 'reading', sensor: 'temperature' },
    inputs,
    script: 'verdict("NORMAL", 1.0)',
  })
const window = { from: 'window', kind: 'number', max_age_s: 30, lateness_s: 2 } as const
const standing = ruleOf('standing', [
  { ...window, name: 'mean', window: { by: 'time', seconds: 20 }, stat: 'mean' },
  { ...window, name: 'closed', mode: 'tumbling', window: { by: 'time', seconds: 10 }, stat: 'sum' },
  { ...window, name: 'last', window: { by: 'count', count: 7 }, stat: 'max' },
  { ...window, name: 'block', mode: 'tumbling', window: { by: 'count', count: 4 }, stat: 'min' },
  { ...window, name: 'slope', window: { by: 'time', seconds: 60 }, stat: 'slope', lateness_s: 0, max_age_s: 300 },
])
const coming = ruleOf('coming', [
  { ...window, name: 'wide', window: { by: 'time', seconds: 600 }, stat: 'stddev' },
  { ...window, name: 'few', window: { by: 'count', count: 3 }, stat: 'first', max_age_s: 5 },
])

/** Mostly on by seconds; sometimes around what counts as set back, and as too old; now and then by much. */
const stepMs = fc.oneof(
  { weight: 14, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
  { weight: 4, arbitrary: fc.integer({ min: -7_000, max: 7_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 20_000, max: 400_000 }) },
  { weight: 2, arbitrary: fc.constantFrom(-60_000, 3_600_000, -3_600_000, yearMs, -yearMs, 86_400_000) },
)
const step = fc.record({
  stepMs,
  tag: fc.nat({ max: tagsCount - 1 }),
  /** Behind the clock, or ahead of it. */
  lateMs: fc.oneof(fc.constant(0), fc.integer({ min: -3_000, max: 4_000 })),
  value: fc.integer({ min: -3, max: 3 }),
  quality: fc.constantFrom<Quality>('good', 'good', 'good', 'uncertain', 'bad'),
  /** What happens behind it: nothing, as a rule. */
  behind: fc.constantFrom('', '', '', '', '', 'start', 'deploy', 'prepare', 'remove'),
  /** How far off the clock is when it is looked. */
  nowMs: fc.constantFrom(0, 0, 0, 1_000, 40_000, -3_000, -40_000, yearMs),
})

test('I3: a window that was filled from the journal says what one says that never was', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const journal = new NaiveJournal()
      const whole = { bank: new WindowBank(), tags: newTags() }
      let started = { bank: new WindowBank(), tags: newTags() }
      whole.bank.need([standing, coming], whole.tags)
      let inForce = [standing]
      started.bank.need(inForce, started.tags)
      started.bank.rebuild(journal)
      let clockMs = startMs
      for (const { stepMs: on, tag, lateMs, value, quality, behind, nowMs } of steps) {
        clockMs += on
        const reading = { timeMs: clockMs - lateMs, receivedMs: clockMs, value, quality }
        journal.rows.push({ seq: journal.rows.length + 1, tagNo: tag + 1, ...reading })
        for (const { bank, tags } of [whole, started]) bank.note(tags[tag] as WindowedTag, reading)
        if (behind === 'start') {
          started = { bank: new WindowBank(), tags: newTags() }
        } else if (behind === 'prepare') {
          started.bank.beginPreparing([standing, coming], started.tags)
          started.bank.prepare(journal, () => true)
        } else if (behind === 'deploy') {
          started.bank.prepare(journal, () => false)
          inForce = [standing, coming]
        } else if (behind === 'remove') inForce = [standing]
        if (behind !== '' && behind !== 'prepare') {
          started.bank.need(inForce, started.tags)
          started.bank.rebuild(journal)
        }
        const inputs = inForce.flatMap((rule) => rule.inputs) as (WindowInput | ChartInput)[]
        expect(look(started, inputs, clockMs + nowMs)).toEqual(look(whole, inputs, clockMs + nowMs))
      }
    }),
    { numRuns: 300 },
  )
})

test(
  'a window says what its description says of the readings since the clock was set back',
  { timeout: 60_000 },
  () => {
    const inputs = standing.inputs as WindowInput[]
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const [bank, [tag]] = [new WindowBank(), newTags()]
        if (tag === undefined) throw new Error('there is a tag')
        bank.need([standing], [tag])
        let clockMs = startMs
        let highestMs = -Infinity
        let naive = inputs.map(({ lateness_s: latenessS }) => new NaiveSeries(latenessS * 1_000))
        for (const { stepMs: on, lateMs, value } of steps) {
          clockMs += on
          if (clockMs < highestMs - judgeLimits.clockSetBackMsMax) {
            naive = inputs.map(({ lateness_s: latenessS }) => new NaiveSeries(latenessS * 1_000))
            highestMs = clockMs
          }
          highestMs = Math.max(highestMs, clockMs)
          bank.note(tag, { timeMs: clockMs - lateMs, receivedMs: clockMs, value, quality: 'good' })
          for (const series of naive) series.note(clockMs - lateMs, clockMs, value)
          for (const [index, cell] of look({ bank, tags: [tag] }, inputs, clockMs).entries()) {
            if (cell.problem === 'stale') continue
            const input = inputs[index] as WindowInput
            const expected = naive[index]?.figure(specOf(input)) ?? null
            // Forgotten for its age, of which the description knows nothing.
            if (cell.problem === 'missing' && (naive[index]?.newestMs ?? 0) < clockMs - input.max_age_s * 1_000)
              continue
            if (expected === null || cell.value === null)
              expect([input.name, cell.value]).toEqual([input.name, expected])
            else expect(Math.abs((cell.value as number) - expected)).toBeLessThan(1e-6)
          }
        }
      }),
      { numRuns: 150 },
    )
  },
)

function look(
  { bank, tags }: { readonly bank: WindowBank; readonly tags: readonly WindowedTag[] },
  inputs: readonly (WindowInput | ChartInput)[],
  nowMs: number,
): Cell[] {
  return tags.flatMap((tag) =>
    inputs.map((input) => {
      const cell = newCell()
      bank.read(cell, input, tag, nowMs)
      return cell
    }),
  )
}
