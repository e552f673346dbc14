import { parseTagKey, ruleDefinitionSchema } from '@jidoka/domain'
import type { RuleDefinition, RuleInput, TagPlace } from '@jidoka/domain'
import { describe, expect, test } from 'vitest'
import { newCell } from '../judge/inputs.ts'
import { judgeLimits } from '../judge/limits.ts'
import type { Tag } from '../judge/plant.ts'
import { windowBankLimits } from './limits.ts'
import { naiveStart } from './test-naive-windows.ts'
import { WindowBank } from './window-bank.ts'
import type { WindowReader } from './window-bank.ts'

let tagNos = 0
const tagOf = (key: string): Tag => ({
  tagNo: ++tagNos,
  key,
  place: parseTagKey(key) as TagPlace,
  kind: 'number',
  unit: '',
  last: undefined,
  lastIsDirty: false,
  windows: undefined,
})

const mean60 = { name: 'mean', from: 'window', window: { by: 'time', seconds: 60 }, stat: 'mean', kind: 'number' }
const ruleOf = (inputs: readonly unknown[], changes: Record<string, unknown> = {}): RuleDefinition =>
  ruleDefinitionSchema.parse({
    id: 'drift',
    version: 1,
    name: { ko: '편차', en: 'Drift' },
    trigger: { on: 'reading', sensor: 'temperature' },
    inputs,
    script: 'verdict("NORMAL", 1.0)',
    ...changes,
  })

type WindowInput = RuleInput & { from: 'window' | 'chart' }
const inputsOf = (definition: RuleDefinition) => definition.inputs as WindowInput[]

interface Stored {
  readonly tagNo: number
  readonly timeMs: number
  readonly receivedMs: number
  readonly value: number
  readonly quality: 'good' | 'uncertain' | 'bad'
}

/** A journal that counts what is read from it. */
class Journal implements WindowReader {
  readonly rows: Stored[] = []
  read = 0

  findStart(backMs: number) {
    return naiveStart(this.rows, backMs)
  }

  *readTagsFrom(wanted: readonly number[], fromSeq: number): Iterable<Stored & { readonly seq: number }> {
    for (let seq = fromSeq; seq < this.rows.length; seq++) {
      const row = this.rows[seq]
      if (row === undefined || !wanted.includes(row.tagNo)) continue
      this.read++
      yield { seq, ...row }
    }
  }
}

function plant(definitions: readonly RuleDefinition[], tags: readonly Tag[]) {
  const bank = new WindowBank()
  const journal = new Journal()
  bank.need(definitions, tags)
  bank.rebuild(journal)
  const note = (tag: Tag, timeMs: number, value: number, quality: Stored['quality'] = 'good', receivedMs = timeMs) => {
    journal.rows.push({ tagNo: tag.tagNo, timeMs, receivedMs, value, quality })
    bank.note(tag, { timeMs, receivedMs, value, quality })
  }
  const read = (input: WindowInput | undefined, tag: Tag | undefined, nowMs: number) => {
    const cell = newCell()
    if (input === undefined) throw new Error('the rule has no such input')
    bank.read(cell, input, tag, nowMs)
    return cell
  }
  return { bank, journal, note, read }
}

describe('I4: a window', () => {
  const rule = ruleOf([{ ...mean60, count_min: 3 }])
  const [input] = inputsOf(rule)

  test('with too few readings is missing, and has a value with enough', () => {
    const tag = tagOf('press/p1/temperature')
    const { note, read } = plant([rule], [tag])
    note(tag, 1_000, 10)
    note(tag, 2_000, 20)
    expect(read(input, tag, 2_000)).toMatchObject({ value: null, problem: 'missing' })
    note(tag, 3_000, 60)
    expect(read(input, tag, 3_000)).toMatchObject({ value: 30, problem: null, atMs: 3_000, quality: 'good' })
  })

  test('is stale when its newest reading is older than it may be', () => {
    const tag = tagOf('press/p1/temperature')
    const { note, read } = plant([rule], [tag])
    for (const second of [1, 2, 3]) note(tag, second * 1_000, 10)
    expect(read(input, tag, 63_000)).toMatchObject({ problem: null, freshUntilMs: 63_000 })
    expect(read(input, tag, 63_001)).toMatchObject({ value: 10, problem: 'stale' })
  })

  test("is stale when the appliance's clock was set back behind its last reading", () => {
    const tag = tagOf('press/p1/temperature')
    const { note, read } = plant([rule], [tag])
    for (const second of [100, 101, 102]) note(tag, second * 1_000, 10)
    expect(read(input, tag, 90_000).problem).toBe('stale')
  })

  test('takes uncertain readings and says so, and leaves bad ones and texts out', () => {
    const tag = tagOf('press/p1/temperature')
    const { bank, note, read } = plant([rule], [tag])
    note(tag, 1_000, 10)
    note(tag, 2_000, 10, 'uncertain')
    note(tag, 3_000, 99, 'bad')
    bank.note(tag, { timeMs: 3_500, receivedMs: 3_500, value: 'hot', quality: 'good' })
    note(tag, 4_000, 10)
    expect(read(input, tag, 4_000)).toMatchObject({ value: 10, quality: 'uncertain', problem: null })
  })

  test('of a tag that is not there, or of a rule that is not in force, is missing', () => {
    const tag = tagOf('press/p1/temperature')
    const { read } = plant([], [tag])
    expect(read(input, tag, 0).problem).toBe('missing')
    expect(read(input, undefined, 0).problem).toBe('missing')
  })

  test('whose readings would not fit is incomplete and never a wrong number', () => {
    const tag = tagOf('press/p1/temperature')
    const bank = new WindowBank({ readingsMax: 100 })
    bank.need([rule], [tag])
    for (let index = 0; index < 400; index++)
      bank.note(tag, { timeMs: index * 100, receivedMs: index * 100, value: 1, quality: 'good' })
    const cell = newCell()
    bank.read(cell, input as WindowInput, tag, 40_000)
    expect(cell).toMatchObject({ value: null, problem: 'incomplete' })
    expect(bank.takeNoted()).toEqual({ taken: 400, late: 0, repeated: 0, no_room: 0 })
    expect(bank.takeNoted().taken).toBe(0)
    expect(bank.stats().readings).toBeLessThanOrEqual(100)
  })
})

describe('which tags have windows', () => {
  test('those that a rule looks at, and no others', () => {
    const rule = ruleOf([mean60, { ...mean60, name: 'speed', sensor: 'speed' }], {
      trigger: { on: 'reading', sensor: 'temperature', lines: ['press'], equipment: ['p1'] },
    })
    const tags = [
      'press/p1/temperature',
      'press/p2/temperature',
      'press/temperature',
      'oven/p1/temperature',
      'press/p1/speed',
      'press/speed',
      'press/p2/speed',
      'press/p1/humidity',
    ].map(tagOf)
    plant([rule], tags)
    expect(tags.filter((tag) => tag.windows !== null).map((tag) => tag.key)).toEqual([
      'press/p1/temperature',
      'press/p1/speed',
      'press/speed',
    ])
  })

  test('a tag that is seen for the first time gets its own with its first reading', () => {
    const rule = ruleOf([mean60])
    const { note, read } = plant([rule], [])
    const tag = tagOf('press/p9/temperature')
    note(tag, 1_000, 5)
    expect(read(inputsOf(rule)[0], tag, 1_000).value).toBe(5)
  })

  test('rules that ask for the same share one, and it goes with the last of them', () => {
    const tag = tagOf('press/p1/temperature')
    const rules = [ruleOf([mean60]), ruleOf([{ ...mean60, name: 'other' }], { id: 'drift-2' })]
    const { bank, note } = plant(rules, [tag])
    note(tag, 1_000, 5)
    expect(tag.windows?.figures.size).toBe(1)
    bank.need(rules.slice(1), [tag])
    expect(bank.stats()).toMatchObject({ series: 1, readings: 1 })
    bank.need([], [tag])
    expect(bank.stats()).toMatchObject({ series: 0, readings: 0 })
    expect(tag.windows).toBeNull()
  })
})

describe('I3: after a restart', () => {
  const stats = ['mean', 'stddev', 'slope', 'min', 'max', 'sum', 'count', 'first', 'last', 'range', 'rate'] as const
  const inputs = [
    ...stats.map((stat) => ({ ...mean60, name: stat, stat, max_age_s: 600 })),
    { ...mean60, name: 'ewma', stat: 'ewma', half_life_s: 7, max_age_s: 600 },
    { ...mean60, name: 'closed', mode: 'tumbling', window: { by: 'time', seconds: 30 }, max_age_s: 600 },
    { ...mean60, name: 'last100', window: { by: 'count', count: 100 }, max_age_s: 600 },
    { ...mean60, name: 'block', mode: 'tumbling', window: { by: 'count', count: 37 }, max_age_s: 600 },
    { name: 'chart', from: 'chart', centre: 50, sigma: 1, tests: 'nelson', kind: 'integer', max_age_s: 600 },
  ]
  const rule = ruleOf(inputs)

  /** Two tags over some hours past midnight, one reading in eight late, some of them too late. */
  function run() {
    const tags = [tagOf('press/p1/temperature'), tagOf('press/p2/temperature')]
    const state = plant([rule], tags)
    let seed = 11
    const random = () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff) / 0x8000_0000
    let nowMs = Date.UTC(2026, 10, 21, 21)
    for (let index = 0; index < 12_000; index++) {
      nowMs += Math.floor(random() * 2_000)
      const isLate = random() < 0.125
      const timeMs = isLate ? nowMs - Math.floor(random() * 14_000) : nowMs
      state.note(tags[index % 2] as Tag, timeMs, 1e6 + random() * 4, random() < 0.02 ? 'bad' : 'good', nowMs)
    }
    return { ...state, tags, nowMs }
  }

  test('every window says to the last bit what it would say without it', () => {
    const { bank, journal, read, tags, nowMs } = run()
    const before = tags.map((tag) => inputsOf(rule).map((input) => ({ ...read(input, tag, nowMs) })))
    expect(before.flat().filter(({ problem }) => problem !== null)).toEqual([])
    bank.clear()
    for (const tag of tags) tag.windows = undefined
    bank.need([rule], tags)
    expect(read(inputsOf(rule)[0], tags[0], nowMs).problem).toBe('missing')
    bank.rebuild(journal)
    expect(tags.map((tag) => inputsOf(rule).map((input) => read(input, tag, nowMs)))).toEqual(before)
  })

  test('no more of the journal is read than the longest window, its lateness and age', () => {
    const { bank, journal, tags, nowMs } = run()
    const short = ruleOf([mean60])
    bank.clear()
    for (const tag of tags) tag.windows = undefined
    journal.read = 0
    bank.need([short], tags)
    const { readings } = bank.rebuild(journal)
    expect(readings).toBe(journal.read)
    const backMs = 60_000 + 60_000 + 10_000 + windowBankLimits.staleKnownMs + judgeLimits.clockSetBackMsMax
    expect(readings).toBe(journal.rows.filter((row) => row.receivedMs >= nowMs - backMs).length)
  })

  test('a rule that is deployed later fills its windows from the journal, and those that were go on untouched', () => {
    const { bank, journal, read, tags, nowMs } = run()
    const more = ruleOf([{ ...mean60, name: 'hour', window: { by: 'time', seconds: 3_600 }, lateness_s: 20 }], {
      id: 'hour',
    })
    const figure = tags[0]?.windows?.figures.values().next().value
    bank.need([rule, more], tags)
    journal.read = 0
    bank.rebuild(journal)
    expect(journal.read).toBeGreaterThan(0)
    const [hour] = inputsOf(more)
    const { value } = read(hour, tags[0], nowMs)
    const own = journal.rows.filter((row) => row.tagNo === tags[0]?.tagNo && row.quality !== 'bad')
    const newestMs = Math.max(...own.map((row) => row.timeMs))
    const within = own.filter((row) => row.timeMs > newestMs - 3_600_000)
    expect(value).toBeCloseTo(within.reduce((sum, row) => sum + row.value, 0) / within.length, 6)
    expect(tags[0]?.windows?.figures.values().next().value).toBe(figure)
  })
})
