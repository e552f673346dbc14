/**
 * A rule whose windows were filled in slices, while readings went on coming, must judge as one whose windows were filled in one go:
 * a replay of the journal does the latter (I3).
 */
import { parseTagKey, ruleDefinitionSchema } from '@jidoka/domain'
import type { ChartInput, RuleDefinition, TagPlace, WindowInput } from '@jidoka/domain'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newCell } from '../judge/inputs.ts'
import type { Quality } from '@jidoka/domain'
import { NaiveJournal } from './test-naive-windows.ts'
import type { WindowedTag } from './tag-windows.ts'
import { WindowBank } from './window-bank.ts'

const tagsCount = 5
const newTags = (): WindowedTag[] =>
  Array.from({ length: tagsCount }, (_, index) => ({
    tagNo: index + 1,
    place: parseTagKey(`LINE-A/P${index}/temperature`) as TagPlace,
    windows: undefined,
  }))

const inputs = [
  { name: 'mean', from: 'window', window: { by: 'time', seconds: 60 }, stat: 'mean', kind: 'number' },
  { name: 'slope', from: 'window', window: { by: 'time', seconds: 30 }, stat: 'slope', kind: 'number', lateness_s: 20 },
  { name: 'last', from: 'window', window: { by: 'count', count: 9 }, stat: 'stddev', kind: 'number' },
  { name: 'old', from: 'window', window: { by: 'time', seconds: 900 }, stat: 'max', kind: 'number', lateness_s: 5 },
]
const ruleOf = (id: string, its: readonly unknown[]): RuleDefinition =>
  ruleDefinitionSchema.parse({
    id,
    version: 1,
    name: { ko: '편차', en: 'Drift' },
    trigger: { on: 'reading', sensor: 'temperature' },
    inputs: its,
    script: 'verdict("NORMAL", 1.0)',
  })
const standing = ruleOf('standing', inputs.slice(0, 1))
const coming = ruleOf('coming', inputs)

const figuresOf = (bank: WindowBank, tags: readonly WindowedTag[], nowMs: number, inputsOf = coming.inputs) =>
  tags.map((tag) =>
    inputsOf.map((input) => {
      const cell = newCell()
      bank.read(cell, input as WindowInput | ChartInput, tag, nowMs)
      return cell
    }),
  )

const inOneGo = (journal: NaiveJournal, nowMs: number) => {
  const [bank, tags] = [new WindowBank(), newTags()]
  bank.need([standing, coming], tags)
  bank.rebuild(journal)
  return figuresOf(bank, tags, nowMs)
}

interface Step {
  readonly tag: number
  readonly afterMs: number
  readonly lateMs: number
  readonly value: number
  readonly quality: Quality
}
const steps = fc.array(
  fc.record<Step>({
    tag: fc.nat({ max: tagsCount - 1 }),
    afterMs: fc.nat({ max: 4_000 }),
    lateMs: fc.oneof(fc.constant(0), fc.nat({ max: 40_000 })),
    value: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    quality: fc.constantFrom('good', 'good', 'good', 'uncertain', 'bad'),
  }),
  { maxLength: 1_500 },
)

/** An appliance that judges `standing` and takes readings in. */
function appliance() {
  const [bank, tags, journal] = [new WindowBank(), newTags(), new NaiveJournal()]
  bank.need([standing], tags)
  bank.rebuild(journal)
  const state = { nowMs: 1_000_000 }
  const note = ({ tag, afterMs, lateMs, value, quality }: Step) => {
    state.nowMs += afterMs
    const reading = { timeMs: state.nowMs - lateMs, receivedMs: state.nowMs, value, quality }
    journal.rows.push({ seq: journal.rows.length + 1, tagNo: tag + 1, ...reading })
    bank.note(tags[tag] as WindowedTag, reading)
  }
  return { bank, tags, journal, state, note }
}

test('I3: windows that were filled in slices while readings came say to the last bit what they say when filled in one go', () => {
  fc.assert(
    fc.property(
      steps,
      steps,
      fc.integer({ min: 1, max: 6 }),
      fc.nat({ max: 40 }),
      (before, during, looks, perSlice) => {
        const { bank, tags, journal, state, note } = appliance()
        before.forEach(note)
        bank.beginPreparing([standing, coming], tags)
        let at = 0
        let look = 0
        while (!bank.prepare(journal, () => ++look % looks === 0)) {
          during.slice(at, (at += perSlice)).forEach(note)
          expect(
            figuresOf(bank, tags, state.nowMs)
              .flat()
              .some(({ problem }) => problem === 'missing'),
          ).toBe(true)
        }
        during.slice(at).forEach(note)
        bank.need([standing, coming], tags)
        bank.rebuild(journal)
        expect(figuresOf(bank, tags, state.nowMs)).toEqual(inOneGo(journal, state.nowMs))
      },
    ),
    { numRuns: 60 },
  )
})

const everySecond = (count: number): Step[] =>
  Array.from({ length: count }, (_, index) => ({
    tag: index % tagsCount,
    afterMs: 200,
    lateMs: 0,
    value: index % 17,
    quality: 'good',
  }))

test('putting a prepared rule in force reads no more than what came since', () => {
  const { bank, tags, journal, note } = appliance()
  everySecond(4_000).forEach(note)
  bank.beginPreparing([standing, coming], tags)
  expect(bank.prepare(journal, () => false)).toBe(true)
  everySecond(50).forEach(note)
  bank.need([standing, coming], tags)
  journal.read = 0
  bank.rebuild(journal)
  expect(journal.read).toBeLessThan(300)
  expect(bank.stats().readings).toBeGreaterThan(3_000)
})

test('a slice ends when its time is up', () => {
  const { bank, tags, journal, note } = appliance()
  everySecond(4_000).forEach(note)
  bank.beginPreparing([standing, coming], tags)
  let slices = 1
  for (; !bank.prepare(journal, () => true); slices++) expect(journal.read).toBeLessThan(slices * 130)
  expect(slices).toBeGreaterThan(30)
})

test('a rule that changed since it was prepared is filled all the same', () => {
  const { bank, tags, journal, state, note } = appliance()
  everySecond(4_000).forEach(note)
  bank.beginPreparing([standing, ruleOf('coming', inputs.slice(0, 3))], tags)
  bank.prepare(journal, () => false)
  bank.need([standing, coming], tags)
  bank.rebuild(journal)
  expect(figuresOf(bank, tags, state.nowMs)).toEqual(inOneGo(journal, state.nowMs))
})

test('where there is no room nothing is prepared, and no window in force loses a reading', () => {
  const [tags, journal] = [newTags(), new NaiveJournal()]
  const bank = new WindowBank({ readingsMax: 2_000 })
  bank.need([standing], tags)
  bank.rebuild(journal)
  let nowMs = 1_000_000
  for (const { tag, afterMs, value, quality } of everySecond(4_000)) {
    nowMs += afterMs
    const reading = { timeMs: nowMs, receivedMs: nowMs, value, quality }
    journal.rows.push({ seq: journal.rows.length + 1, tagNo: tag + 1, ...reading })
    bank.note(tags[tag] as WindowedTag, reading)
  }
  const held = bank.stats().readings
  bank.beginPreparing([standing, coming], tags)
  expect(bank.prepare(journal, () => false)).toBe(true)
  expect(bank.stats().readings).toBe(held)
})

test('I3: windows of rules that come one after the other are taken over, and none is filled twice', () => {
  const { bank, tags, journal, state, note } = appliance()
  everySecond(4_000).forEach(note)
  // The narrowest first.
  const parts = [20, 200, 900].map((seconds) =>
    ruleOf(`coming-${seconds}`, [
      { name: 'mean', from: 'window', window: { by: 'time', seconds }, stat: 'mean', kind: 'number', max_age_s: 60 },
    ]),
  )
  bank.beginPreparing([standing, ...parts], tags)
  expect(bank.prepare(journal, () => false)).toBe(true)
  journal.read = 0
  for (const [index] of parts.entries()) {
    everySecond(10).forEach(note)
    if (index === parts.length - 1) bank.allHaveCome()
    bank.need([standing, ...parts.slice(0, index + 1)], tags)
    bank.rebuild(journal)
  }
  expect(journal.read).toBeLessThan(300)
  bank.endPreparing()
  const anew = new WindowBank()
  const others = newTags()
  anew.need([standing, ...parts], others)
  anew.rebuild(journal)
  const all = parts.flatMap((part) => part.inputs)
  const figures = figuresOf(bank, tags, state.nowMs, all)
  expect(figures).toEqual(figuresOf(anew, others, state.nowMs, all))
  expect(figures.flat().filter(({ problem }) => problem === null)).toHaveLength(3 * tags.length)
})

test('what was prepared and is not looked at goes', () => {
  const { bank, tags, journal, note } = appliance()
  everySecond(4_000).forEach(note)
  bank.beginPreparing([standing, coming], tags)
  bank.prepare(journal, () => false)
  expect(bank.stats().prepared).toBeGreaterThan(3_000)
  bank.endPreparing()
  expect(bank.stats().prepared).toBe(0)
})

test('a slice ends when its time is up, also while it looks what many tags will want', () => {
  const journal = new NaiveJournal()
  const bank = new WindowBank()
  const many = Array.from({ length: 100 }, (_, index): WindowedTag => ({
    tagNo: index + 1,
    place: { line: 'press', equipment: `p${index}`, sensor: 'temperature' },
    windows: undefined,
  }))
  bank.beginPreparing([coming], many)
  let slices = 1
  while (!bank.prepare(journal, () => true)) slices++
  expect(slices).toBeGreaterThan(10)
})
