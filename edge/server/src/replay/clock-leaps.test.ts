/**
 * I3 where it is hardest to keep: the wall clock leaps, the appliance is killed and started within the leap, rules come and go in it,
 * sensors fall silent. What is judged must be what is judged without any start, and judging the journal anew must find no difference.
 */
import { ruleDefinitionSchema } from '@jidoka/domain'
import type { RuleDefinition } from '@jidoka/domain'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newRunner, TestJournal } from '../pipeline/test-support.ts'
import { replay } from './replay.ts'

const yearMs = 365 * 86_400_000
const everMs = 20 * yearMs

const window = { from: 'window', kind: 'number', lateness_s: 2 } as const
const drift = (version: number, seconds: number): RuleDefinition =>
  ruleDefinitionSchema.parse({
    id: 'drift',
    version,
    name: { ko: '편차', en: 'Drift' },
    trigger: { on: 'reading', sensor: 'temperature' },
    inputs: [
      { ...window, name: 'mean', window: { by: 'time', seconds }, stat: 'mean', max_age_s: 20 },
      { ...window, name: 'last', window: { by: 'count', count: 5 }, stat: 'max', max_age_s: 60 },
      { ...window, name: 'closed', mode: 'tumbling', window: { by: 'time', seconds: 5 }, stat: 'sum', max_age_s: 300 },
      {
        ...window,
        name: 'beside',
        sensor: 'pressure',
        window: { by: 'time', seconds: 60 },
        stat: 'count',
        max_age_s: 30,
      },
    ],
    script: 'verdict("SEEN", 1.0, `${input.mean} ${input.last} ${input.closed} ${input.beside}`)',
  })

const step = fc.record({
  what: fc.constantFrom<'temperature' | 'pressure' | 'sweep' | 'deploy'>(
    'temperature',
    'temperature',
    'temperature',
    'pressure',
    'sweep',
    'deploy',
  ),
  onMs: fc.integer({ min: 1, max: 2_500 }),
  leapMs: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: -9_000, max: 9_000 }) },
    { weight: 3, arbitrary: fc.constantFrom(40_000, -40_000, 3_600_000, -3_600_000, yearMs, -yearMs) },
  ),
  value: fc.integer({ min: 0, max: 9 }),
  restarts: fc.constantFrom<'' | 'in order' | 'by force'>('', '', '', '', 'in order', 'by force'),
})

const judged = (at: TestJournal) =>
  at
    .records()
    .flatMap(({ kind, body }) => (kind === 'judgment' && body.reading_seq !== null ? [body] : []))
    .map(({ reading_seq, rule_version, status, explanation, inputs }) => ({
      reading_seq,
      rule_version,
      status,
      explanation,
      inputs,
    }))

test(
  'I3: what windows say through leaps of the clock is the same with starts and without, and when judged anew',
  { timeout: 240_000 },
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
        const [whole, started] = [new TestJournal(), new TestJournal()]
        try {
          for (const at of [whole, started]) {
            let version = 1
            at.deploy(drift(version, 30))
            for (const { what, onMs, leapMs, value, restarts } of steps) {
              at.clock.advance(onMs)
              if (leapMs !== 0) at.clock.jump(leapMs)
              if (at === started && restarts !== '') at.restart({ inOrder: restarts === 'in order' })
              if (what === 'deploy') at.deploy(drift(++version, [10, 30, 120][version % 3] ?? 30))
              else if (what === 'sweep') at.journal.sweep()
              else
                at.send({
                  topic: `sensor/LINE-A/PRESS-1/${what}`,
                  payload: Buffer.from(at.payload(value + onMs / 10_000)),
                })
            }
          }
          expect(judged(started)).toEqual(judged(whole))
          for (const at of [whole, started]) {
            const from = (fromMs: number) =>
              replay({ dataFolder: at.folder, fromMs, toMs: everMs * 10, ruleId: undefined, newRunner }).differences
            // The whole, and from an instant within, wherever the clock showed it.
            const times = at.records().flatMap(({ kind, at_ms: atMs }) => (kind === 'judgment' ? [atMs] : []))
            const middleMs = times[times.length >> 1] ?? 0
            expect([from(-everMs), from(middleMs)]).toEqual([[], []])
          }
        } finally {
          whole.close()
          started.close()
        }
      }),
      { numRuns: 8 },
    )
  },
)
