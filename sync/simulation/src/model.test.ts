import { describe, expect, test } from 'vitest'
import { checkLane, LaneTruth } from './model.ts'
import type { CloudLane, LaneRules } from './model.ts'

const truth = new LaneTruth(1, ['a', 'b', 'c', 'd'])
truth.lost.set(2, 'space')
truth.lost.set(3, 'damaged')

const row = (seq: number, text = 'abcd'[seq - 1] ?? '') => ({ seq, text })
const check = (cloud: CloudLane, rules: Partial<LaneRules> = {}) =>
  checkLane('lane', truth, cloud, {
    fromSeq: 1,
    toSeq: 4,
    complete: true,
    ignoresBeyond: false,
    mayBePruned: () => false,
    mayBeMissing: false,
    ...rules,
  })
const drop = (fromSeq: number, toSeq: number, reason: 'space' | 'damaged' | 'pruned') => ({ fromSeq, toSeq, reason })

describe('the model', () => {
  test('accepts all rows in order, and lost rows that are listed with their reason', () => {
    expect(check({ rows: [1, 2, 3, 4].map((seq) => row(seq)), drops: [] })).toEqual([])
    expect(check({ rows: [row(1), row(4)], drops: [drop(2, 2, 'space'), drop(3, 3, 'damaged')] })).toEqual([])
  })

  test.each<[string, CloudLane]>([
    ['a missing row', { rows: [row(1), row(2), row(4)], drops: [] }],
    ['a missing last row', { rows: [row(1), row(2), row(3)], drops: [] }],
    ['a row twice', { rows: [row(1), row(2), row(2), row(3), row(4)], drops: [] }],
    ['rows out of order', { rows: [row(2), row(1), row(3), row(4)], drops: [] }],
    ['another content', { rows: [row(1), row(2, 'x'), row(3), row(4)], drops: [] }],
    ['a row that was never written', { rows: [1, 2, 3, 4, 5].map((seq) => row(seq)), drops: [] }],
    ['a drop that is also there', { rows: [1, 2, 3, 4].map((seq) => row(seq)), drops: [drop(2, 2, 'space')] }],
    ['a drop of a row that was not lost', { rows: [row(2), row(3), row(4)], drops: [drop(1, 1, 'space')] }],
    ['a drop with another reason', { rows: [row(1), row(3), row(4)], drops: [drop(2, 2, 'damaged')] }],
    ['a pruned row though the cloud lost nothing', { rows: [row(2), row(3), row(4)], drops: [drop(1, 1, 'pruned')] }],
  ])('refuses %s', (_, cloud) => {
    expect(check(cloud)).not.toEqual([])
  })

  test('accepts a pruned row where the cloud lost what it had, and a life that ended early', () => {
    expect(
      check({ rows: [row(2), row(3), row(4)], drops: [drop(1, 1, 'pruned')] }, { mayBePruned: () => true }),
    ).toEqual([])
    expect(check({ rows: [row(1), row(2)], drops: [] }, { complete: false })).toEqual([])
  })

  test('accepts what a copy wrote or lost only where this history may be covered by it', () => {
    const others = {
      wrote: (seq: number, text: string) => seq === 2 && text === 'of a copy',
      lost: (seq: number, reason: string) => seq === 4 && reason === 'space',
    }
    const rows = [row(1), row(2, 'of a copy'), row(3)]
    const drops = [drop(4, 4, 'space')]
    expect(check({ rows, drops }, { others })).toEqual([])
    expect(check({ rows, drops })).not.toEqual([])
    expect(check({ rows: [row(1), row(2, 'of nobody'), row(3)], drops }, { others })).not.toEqual([])
    expect(check({ rows: [row(1, 'of a copy'), row(2), row(3)], drops }, { others })).not.toEqual([])
    expect(check({ rows, drops: [drop(4, 4, 'damaged')] }, { others })).not.toEqual([])
  })

  test('looks at the numbers of the epoch alone, and behind them only where nobody else may have written', () => {
    const later = { rows: [row(2), row(3), row(4)], drops: [] }
    expect(check(later, { fromSeq: 2 })).toEqual([])
    expect(check({ rows: [row(1), ...later.rows], drops: [] }, { fromSeq: 2 })).not.toEqual([])
    const beyond = { rows: [row(1), row(2), row(3, 'of a copy')], drops: [] }
    expect(check(beyond, { toSeq: 2, ignoresBeyond: true })).toEqual([])
    expect(check(beyond, { toSeq: 2 })).not.toEqual([])
    expect(check({ rows: [row(1), row(4)], drops: [] }, { mayBeMissing: true })).toEqual([])
  })
})
