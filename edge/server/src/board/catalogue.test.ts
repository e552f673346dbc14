import type { CatalogueEntry, DesiredItem } from '@jidoka/domain'
import { describe, expect, test } from 'vitest'
import { Catalogue } from './catalogue.ts'

const entry = (key: string): CatalogueEntry => ({
  key,
  name: { ko: '온도', en: 'Temperature' },
  kind: 'number',
  unit: 'C',
  limits: { low: 10, high: 90 },
  decimals: 1,
  stale_after_s: 30,
})
const key = 'LINE-A/temperature'
const catalogue: DesiredItem = { kind: 'tag_catalogue', key: 'tags', version: 1, body: { tags: [entry(key)] } }
const thresholds: DesiredItem = {
  kind: 'thresholds',
  key: 'thresholds',
  version: 1,
  body: { tags: [{ key, limits: { high_high: 70 } }] },
}
const limitsOf = (desired: DesiredItem[], here: CatalogueEntry[] = []) =>
  new Catalogue(desired, here, { site: 'Plant', timeZone: 'Asia/Seoul' }).face(key, undefined)?.limits

describe('thresholds', () => {
  test('stand in the place of the limits of the catalogue, all of them', () => {
    expect(limitsOf([catalogue])).toEqual({ low: 10, high: 90 })
    expect(limitsOf([catalogue, thresholds])).toEqual({ high_high: 70 })
  })

  test('hold also for a tag that was adopted here, and for one that nobody has adopted', () => {
    expect(limitsOf([thresholds], [entry(key)])).toEqual({ high_high: 70 })
    expect(limitsOf([thresholds])).toEqual({ high_high: 70 })
    expect(limitsOf([])).toEqual({})
  })
})
