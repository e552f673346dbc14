import type { CatalogueEntry, DesiredItem } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TestJournal } from './test-support.ts'

describe('adopted tags', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
    at.send({ topic: 'sensor/LINE-A/pressure', payload: Buffer.from('1.5') })
  })
  afterEach(() => at.close())

  const entry = (unit: string): CatalogueEntry => ({
    key: 'LINE-A/pressure',
    name: { ko: '압력', en: 'Pressure' },
    kind: 'number',
    unit,
    decimals: 2,
    stale_after_s: 30,
  })
  const catalogue = (...tags: CatalogueEntry[]): DesiredItem => ({
    kind: 'tag_catalogue',
    key: 'tags',
    version: 1,
    body: { tags },
  })
  const adopt = (unit: string) => at.command({ kind: 'adopt_tag', entry: entry(unit), actor: 'kim' })
  const withdraw = () => at.command({ kind: 'withdraw_tag', key: 'LINE-A/pressure', actor: 'kim' })
  const unit = () => at.read((reader) => reader.tags()[0]?.unit)
  const sayUnit = (text: string) =>
    at.send({ topic: 'sensor/LINE-A/pressure', payload: Buffer.from(JSON.stringify({ value: 2, unit: text })) })

  test('an adoption sets the unit, goes up as tag and audit, and holds after a crash', () => {
    expect(adopt('bar')).toMatchObject({ adopted: { unit: 'bar' } })
    expect(unit()).toBe('bar')
    expect(at.records().map(({ kind }) => kind)).toEqual(['tag', 'audit', 'tag'])
    at.restart({ inOrder: false })
    expect(sayUnit('psi').deadLetters).toMatchObject([{ reason: 'unit_mismatch' }])
    expect(at.read((reader) => reader.adoptedTags())).toMatchObject([{ key: 'LINE-A/pressure', unit: 'bar' }])
  })

  test("the cloud's catalogue overrides it, and it comes back when that lets go", () => {
    adopt('bar')
    at.desire(catalogue(entry('psi')))
    expect(unit()).toBe('psi')
    expect(adopt('kPa')).toEqual({ refused: 'in_catalogue' })
    at.desire(catalogue())
    expect(unit()).toBe('bar')
  })

  test('it can be changed and taken back; the readings stay', () => {
    adopt('bar')
    adopt('kPa')
    expect(unit()).toBe('kPa')
    expect([withdraw(), withdraw()]).toEqual([true, false])
    expect(at.read((reader) => [reader.adoptedTags(), reader.lanes().readingsSeq])).toEqual([[], 1])
    expect(at.records().filter(({ kind }) => kind === 'audit').length).toBe(3)
  })

  test('only what has sent a reading is adopted, and as the kind that it is', () => {
    const other = { ...entry(''), key: 'LINE-B/none' }
    expect(at.command({ kind: 'adopt_tag', entry: other, actor: 'kim' })).toEqual({ unknown: true })
    expect(at.command({ kind: 'adopt_tag', entry: { ...entry(''), kind: 'text' }, actor: 'kim' })).toMatchObject({
      adopted: { kind: 'number' },
    })
  })
})
