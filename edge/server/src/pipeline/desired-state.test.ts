import type { DesiredItem } from '@jidoka/domain'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DesiredChange } from '../ports.ts'
import { commandStoreLimits } from '../store/command-store.ts'
import { openReader } from '../store/journal-reader.ts'
import type { StoreReader } from '../store/journal-reader.ts'
import { keepingDefaults } from '../keeping/policy.ts'
import type { KeepingPolicy } from '../keeping/policy.ts'
import { StoreProblemError } from '../store/errors.ts'
import { Journal } from './journal.ts'
import { hotRule, newRunner, TestJournal } from './test-support.ts'

let at: TestJournal
beforeEach(() => {
  at = new TestJournal()
})
afterEach(() => at.close())

const user = (key: string, version = 1): DesiredItem => ({
  kind: 'user',
  key,
  version,
  body: { name: key, role: 'viewer', locale: 'ko', password_hash: 'x' },
})
const rule = (version = 1): DesiredItem => ({ kind: 'rule', key: 'hot', version, body: hotRule({ version }) })
const snapshot = (change: Partial<DesiredChange>) =>
  at.command({
    kind: 'apply_desired',
    change: { upserts: [], removals: [], replaceAll: true, position: { handle: 'h', offset: '9_0' }, ...change },
  })
const keys = () => at.read((reader) => reader.desired().map(({ kind, key, version }) => `${kind} ${key} ${version}`))
const reports = () =>
  at
    .records()
    .flatMap((each) => (each.kind === 'reported' ? [`${each.body.key} ${each.body.version} ${each.body.state}`] : []))

describe('a snapshot that cannot all be read', () => {
  const unreadable = { kind: 'rule', key: 'hot', version: 2, problem: 'perhaps this edge is too old for it' }

  test('I6: leaves what stands in the place of what it names, takes the rest away, and reports the refusal once', () => {
    at.desire(rule(), user('kim'), user('lee'))
    const reported = snapshot({ upserts: [user('lee')], unreadable: [unreadable] })
    expect(keys()).toEqual(['rule hot 1', 'user lee 1'])
    expect(at.journal.rules()).toMatchObject([{ definition: { id: 'hot', version: 1 }, state: 'in_force' }])
    expect(reported).toContainEqual({ ...unreadable, state: 'refused', rule_hash: null })
    snapshot({ upserts: [user('lee')], unreadable: [unreadable] })
    expect(reports().filter((report) => report === 'hot 2 refused')).toHaveLength(1)
  })

  test('of a kind that this program does not know changes nothing and is in no record', () => {
    at.desire(user('kim'))
    const before = at.records().length
    expect(snapshot({ upserts: [user('kim')], unreadable: [{ ...unreadable, kind: 'recipe' }] })).toHaveLength(1)
    expect(keys()).toEqual(['user kim 1'])
    expect(at.records()).toHaveLength(before)
  })

  test('is remembered as partial, until one comes that can be read: a newer program begins anew', () => {
    const position = () => at.read((reader) => reader.desiredPosition())
    snapshot({ upserts: [user('kim')], unreadable: [unreadable] })
    expect(position()).toEqual({ handle: 'h', offset: '9_0', isPartial: true })
    snapshot({ upserts: [user('kim', 2)], replaceAll: false })
    expect(position()).toMatchObject({ isPartial: true })
    snapshot({ upserts: [user('kim', 2), rule(2)] })
    expect(position()).toEqual({ handle: 'h', offset: '9_0' })
    expect(reports().at(-1)).toBe('hot 2 applied')
  })

  test('and is refused at first is applied and reported anew when the former version comes back', () => {
    at.desire(user('kim'))
    snapshot({ unreadable: [{ kind: 'user', key: 'kim', version: 2, problem: 'not readable' }] })
    snapshot({ upserts: [user('kim', 1)] })
    expect(reports()).toEqual(['kim 1 applied', 'kim 2 refused', 'kim 1 applied'])
  })
})

describe('a policy', () => {
  const policy = (days: number, version = 1): DesiredItem => ({
    kind: 'policy',
    key: 'policy',
    version,
    body: { retention: { audit_days: days } },
  })

  test('and thresholds are stored and reported in the commit of the rest, and survive a crash', () => {
    const thresholds: DesiredItem = {
      kind: 'thresholds',
      key: 'thresholds',
      version: 3,
      body: { tags: [{ key: 'LINE-A/PRESS-1/temperature', limits: { high: 70 } }] },
    }
    expect(at.desire(policy(30), thresholds)).toMatchObject([{ state: 'applied' }, { state: 'applied', version: 3 }])
    at.restart({ inOrder: false })
    expect(at.read((reader) => reader.desired())).toEqual([policy(30), thresholds])
  })

  /** Days after which the readings of a journal go, found out by waiting. */
  function daysKept(open: () => Journal): number {
    const journal = open()
    try {
      for (let days = 1; days <= 40; days++) {
        at.clock.advance(86_400_000)
        for (let sweeps = 0; sweeps < 3; sweeps++) journal.sweep()
        if (at.read((reader) => reader.segments(1, 1)).length === 0) return days
      }
      return Infinity
    } finally {
      journal.close()
    }
  }
  const space = { totalBytes: 1e12, usedBytes: 1e11, freeBytes: 9e11 }
  const keeping = { ...keepingDefaults, bytesMax: null, hasCloud: false }
  const opened = (change: Partial<KeepingPolicy> = {}) =>
    new Journal({
      dataFolder: at.folder,
      tenantId: 'acme',
      clock: at.clock,
      runner: newRunner(),
      keeping: { ...keeping, ...change },
      space: () => space,
    })
  const wanted: DesiredItem = { kind: 'policy', key: 'policy', version: 1, body: { retention: { readings_days: 3 } } }

  test.each([
    ['holds after a crash, without the cloud being there', [wanted], {}, 4],
    ['that is not there leaves the defaults', [], {}, 31],
    ['stands below what was set on the machine', [wanted], { setHere: ['readings'] as const }, 31],
  ] as const)('%s', (_name, items, change, days) => {
    at.desire(...items)
    at.send(20)
    at.restart({ inOrder: false })
    at.journal.close()
    expect(daysKept(() => opened(change))).toBe(days)
    at.reopen()
  })

  test('of a commit that the disk did not take is not followed: what was in force before is', () => {
    at.desire({ ...wanted, body: { retention: { readings_days: 10 } } })
    at.send(20)
    at.journal.close()
    const failing = () => {
      const journal = opened()
      journal.limitPages(1)
      const change = {
        upserts: [{ ...wanted, version: 2 }],
        removals: [],
        replaceAll: false,
        position: { handle: 'h', offset: '2' },
      }
      const large: DesiredItem = {
        kind: 'user',
        key: 'kim',
        version: 1,
        body: { name: 'kim', role: 'viewer', locale: 'ko', password_hash: 'x'.repeat(300) },
      }
      const many = Array.from({ length: 2_000 }, (_, no) => ({ ...large, key: `kim${no}` }))
      expect(() =>
        journal.apply(null, [{ kind: 'apply_desired', change: { ...change, upserts: [...change.upserts, ...many] } }]),
      ).toThrow(StoreProblemError)
      journal.limitPages(1_000_000)
      return journal
    }
    expect(daysKept(failing)).toBe(11)
    at.reopen()
  })
})

describe('commands', () => {
  const id = '0198f0d2-0000-7000-8000-0000000000c1'
  const command = (version = 1): DesiredItem => ({
    kind: 'command',
    key: id,
    version,
    body: { issued_by: 'kim', issued_at_ms: 1, expires_at_ms: 2, what: { name: 'support_bundle' } },
  })
  const held = () => {
    const reader = openReader({ dataFolder: at.folder })
    try {
      return reader.commands(100).map(({ state, version }) => `${version} ${state}`)
    } finally {
      reader.close()
    }
  }
  const start = () => at.command({ kind: 'start_command', id })
  const settle = (state: 'done' | 'expired') =>
    at.command({ kind: 'settle_command', id, outcome: { state, problem: null, result: { rows: 7 } } })

  test('are accepted with their arrival, and each step is a record in its own commit', () => {
    expect(at.desire(command())).toMatchObject([{ state: 'accepted' }])
    expect(start()).toBe(true)
    at.restart({ inOrder: false })
    expect(held()).toEqual(['1 started'])
    expect(settle('done')).toBe(true)
    expect(reports()).toEqual([`${id} 1 accepted`, `${id} 1 started`, `${id} 1 done`])
    expect(at.records().at(-1)).toMatchObject({ body: { kind: 'command', result: { rows: 7 } } })
  })

  test('no step is taken twice, or out of its order', () => {
    expect(start()).toBe(false)
    at.desire(command())
    expect(settle('done')).toBe(false)
    expect([start(), start()]).toEqual([true, false])
    expect(settle('expired')).toBe(false)
    expect([settle('done'), settle('done')]).toEqual([true, false])
  })

  test('that come again (another snapshot, another version, taken back and put again) stay what they were', () => {
    at.desire(command())
    start()
    settle('done')
    expect(snapshot({ upserts: [command()] })).toMatchObject([{ state: 'done' }])
    expect(snapshot({ upserts: [command(2)] })).toMatchObject([{ state: 'done', version: 2, result: { rows: 7 } }])
    expect(snapshot({})).toMatchObject([{ state: 'removed' }])
    expect(snapshot({ upserts: [command(3)] })).toMatchObject([{ state: 'done', version: 3 }])
    expect(start()).toBe(false)
    expect(held()).toEqual(['3 done'])
  })

  test('that are taken back before they begin never begin, also when they are put again', () => {
    at.desire(command())
    snapshot({})
    expect(start()).toBe(false)
    expect(snapshot({ upserts: [command()] })).toMatchObject([
      { state: 'expired', problem: 'It was taken back before it began.' },
    ])
    expect(start()).toBe(false)
  })

  test('that are taken back while they run come to their end, and are reported as gone last', () => {
    at.desire(command())
    start()
    snapshot({})
    expect(settle('done')).toBe(true)
    expect(reports().slice(-2)).toEqual([`${id} 1 done`, `${id} 1 removed`])
    expect(held()).toEqual(['1 done'])
  })

  test('whatever comes in whatever order, one begins once at most and ends once at most, with a report of each', () => {
    const step = fc.constantFrom('put', 'put a newer one', 'take back', 'start', 'done', 'expired', 'crash')
    const property = fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
      const world = new TestJournal()
      try {
        let version = 1
        const taken: string[] = []
        const settleAs = (state: 'done' | 'expired') =>
          world.command({ kind: 'settle_command', id, outcome: { state, problem: null, result: null } })
        for (const each of steps) {
          if (each === 'put') world.desire(command(version))
          else if (each === 'put a newer one') world.desire(command(++version))
          else if (each === 'crash') world.restart({ inOrder: false })
          else if (each === 'take back') {
            const position = { handle: 'h', offset: '1' }
            const removals = [{ kind: 'command', key: id }] as const
            world.command({ kind: 'apply_desired', change: { upserts: [], removals, replaceAll: false, position } })
          } else if (each === 'start') {
            if (world.command({ kind: 'start_command', id })) taken.push('started')
          } else if (settleAs(each)) taken.push(each)
        }
        expect(['', 'expired', 'started', 'started done']).toContain(taken.join(' '))
        const told = world
          .records()
          .flatMap((record) => (record.kind === 'reported' ? [record.body.state as string] : []))
        for (const state of taken) expect(told).toContain(state)
      } finally {
        world.close()
      }
    })
    fc.assert(property, { numRuns: 25 })
  }, 60_000)

  test('that ended long ago are forgotten beyond a thousand, and what waits or is still desired never is', () => {
    const idOf = (no: number) => `0198f0d2-0000-7000-8000-${String(no).padStart(12, '0')}`
    const many = Array.from(
      { length: commandStoreLimits.endedMax + 5 },
      (_, no): DesiredItem => ({ ...command(), key: idOf(no) }) as DesiredItem,
    )
    at.desire(...many)
    const outcome = { state: 'expired', problem: null, result: null } as const
    // The first one waits; the second one is still desired.
    at.journal.apply(
      null,
      many.slice(1).map(({ key }) => ({ kind: 'settle_command', id: key, outcome })),
    )
    snapshot({ upserts: many.slice(0, 2) })
    at.clock.advance(commandStoreLimits.forgottenAfterMs)
    snapshot({ upserts: many.slice(0, 2) })
    const left = at.read((reader) => (reader as StoreReader).commands(10_000).map((each) => each.id))
    expect(left).toHaveLength(commandStoreLimits.endedMax + 2)
    expect(left.slice(0, 3)).toEqual([idOf(0), idOf(1), idOf(5)])
  }, 60_000)
})
