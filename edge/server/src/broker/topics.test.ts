import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SubscriptionTree } from './subscription-tree.ts'
import { coversAllBelow, filterMatcher, isTopicFilter, mayMeanBelow } from './topics.ts'

const level = fc.constantFrom('', 'a', 'b', '$x', 'verdict')
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen || levels.length === 0 ? ['#'] : [])].join('/'))
  .filter((text) => text.length > 0)

describe('filters', () => {
  test('the tree finds for every topic exactly the filters that mean it, after any adding and removing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(filter, fc.boolean()), { maxLength: 20 }), topic, (changes, name) => {
        const tree = new SubscriptionTree<string>()
        const standing = new Set<string>()
        for (const [each, isAdded] of changes) {
          if (isAdded) tree.add(each, each, 1)
          else tree.remove(each, each)
          if (isAdded) standing.add(each)
          else standing.delete(each)
        }
        const meant = [...standing].filter((each) => filterMatcher(each)(name))
        expect([...tree.match(name).keys()].toSorted()).toEqual(meant.toSorted())
      }),
    )
  })

  test('one that may mean nothing below a level means nothing there, and one that covers all means all', () => {
    fc.assert(
      fc.property(filter, topic, (each, rest) => {
        const name = `verdict/${rest}`
        if (!mayMeanBelow(each, 'verdict')) expect(filterMatcher(each)(name)).toBe(false)
        if (coversAllBelow(each, 'verdict') && rest.split('/').length === 2)
          expect(filterMatcher(each)(name)).toBe(true)
        expect(isTopicFilter(each)).toBe(true)
      }),
    )
  })

  test('one holder has the highest QoS of its filters', () => {
    const tree = new SubscriptionTree<string>()
    tree.add('a/#', 'reader', 1)
    tree.add('a/b', 'reader', 0)
    tree.add('+/b', 'reader', 2)
    expect(tree.match('a/b')).toEqual(new Map([['reader', 2]]))
    for (const each of ['a/#', 'a/b', '+/b']) tree.remove(each, 'reader')
    expect(tree.match('a/b').size).toBe(0)
  })
})
