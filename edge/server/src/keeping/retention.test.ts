import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keepingClasses } from './classes.ts'
import { keepingLimits } from './policy.ts'
import { gibibyte, KeptJournal } from './testing/kept-journal.ts'

const day = 86_400_000
const event = { kind: 'event', body: {} } as const
const audit = { kind: 'audit', body: {} } as const

/** Doubles would be next to 0 nearly always. */
const share = fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100)

describe('retention', () => {
  let at: KeptJournal
  beforeEach(() => {
    at = new KeptJournal()
  })
  afterEach(() => at.close())

  /** Long enough that the clock is believed. */
  const passDays = (days: number) => at.clock.advance(days * day)

  test('drops receipted readings that are older than their days, with a gap and a record in the same commit', () => {
    const retention = at.retention()
    at.segment(10)
    at.segment(5, 'file')
    passDays(31)
    at.segment(7)
    at.receipt('readings', 22)
    expect(at.drop(retention)).toEqual([
      { lane: 'readings', from_seq: 1, to_seq: 15, reason: 'pruned', count: 15, what: 'readings' },
    ])
    expect(at.gaps('readings')).toEqual([{ from: 1, to: 15, count: 15, reason: 'pruned' }])
    expect(at.all('select first_seq from reading_segments')).toEqual([{ first_seq: 16 }])
    expect(at.all('select file from segment_files')).toEqual([])
    expect(at.holdsFile(11, 5)).toBe(false)
  })

  test('I2: keeps what is not receipted whatever its age, and without a cloud everything counts as receipted', () => {
    const retention = at.retention()
    for (let index = 0; index < 4; index++) at.segment(10)
    at.receipt('readings', 25)
    passDays(40)
    expect(at.drop(retention)).toMatchObject([{ to_seq: 20 }])
    expect(at.drop(at.retention())).toEqual([]) // a clock that has just begun to be watched
    const alone = at.retention({ hasCloud: false })
    passDays(1)
    expect(at.drop(alone)).toMatchObject([{ from_seq: 21, to_seq: 40 }])
    expect(at.gaps('readings')).toEqual([{ from: 1, to: 40, count: 40, reason: 'pruned' }])
  })

  test('takes what the cloud wants from the next step on, without waiting for its next look', () => {
    const retention = at.retention({ hasCloud: false })
    at.segment(10)
    passDays(8)
    const settled = { readings: Infinity, records: Infinity }
    expect(retention.plan(settled)).toBeNull()
    retention.desire({ retention: { readings_days: 7 } })
    expect(retention.plan(settled)?.drops).toMatchObject([{ name: 'readings', reason: 'pruned' }])
    retention.desire(null)
    expect(retention.plan(settled)).toBeNull()
  })

  test('a clock that leaps ten years ahead drops nothing', () => {
    const retention = at.retention({ hasCloud: false })
    at.segment(10)
    at.clock.advance(2 * keepingLimits.clockSteadyMs)
    expect(at.drop(retention)).toEqual([])
    at.clock.jump(3_650 * day)
    expect(at.drop(retention)).toEqual([])
    at.clock.jump(-3_650 * day)
    at.clock.advance(2 * keepingLimits.clockSteadyMs)
    expect(at.drop(retention)).toEqual([])
  })

  test('what was stored while the clock ran ahead goes with what came after it', () => {
    const retention = at.retention({ hasCloud: false })
    at.segment(1)
    at.clock.jump(300 * day)
    at.segment(1)
    at.clock.jump(-300 * day)
    at.segment(1)
    passDays(31)
    at.segment(1)
    expect(at.drop(retention)).toMatchObject([{ from_seq: 1, to_seq: 3 }])
  })

  test('above the high-water mark the oldest of the first class goes, until it is below by the slack', () => {
    const retention = at.retention()
    for (let index = 0; index < 50; index++) {
      at.segment(200, 'file')
      at.record(audit)
    }
    at.receipt('readings', at.next.readings - 1)
    at.receipt('records', at.next.records - 1)
    const bytes = at.all<{ sum: number }>('select sum(bytes) as sum from segment_files')[0]?.sum ?? 0
    const measure = () => {
      const used = at.all<{ sum: number | null }>('select sum(bytes) as sum from segment_files')[0]?.sum ?? 0
      at.space = { totalBytes: bytes / 0.9, usedBytes: used, freeBytes: bytes / 0.9 - used }
    }
    measure()
    passDays(2)
    // Nothing is short of the reserve here, which would be all of so small a disk.
    const told = at.drop({
      plan: (settled, urgent) => {
        measure()
        return retention.plan(settled, urgent)
      },
      carryOut: retention.carryOut.bind(retention),
      finish: retention.finish.bind(retention),
    })
    expect(told).toMatchObject([{ lane: 'readings', from_seq: 1, reason: 'space', what: 'readings' }])
    expect(at.space.usedBytes / at.space.totalBytes).toBeLessThanOrEqual(0.85 - keepingLimits.slackShare)
    expect(at.space.usedBytes / at.space.totalBytes).toBeGreaterThan(0.8)
    expect(at.unaccounted('readings')).toEqual([])
  })

  test('each class goes in its order, records leave exact gaps between what stays, and a class that is gone is not searched again', () => {
    const retention = at.retention()
    for (let index = 0; index < 20; index++) {
      at.judgment(true)
      at.judgment(false)
      at.record(event)
    }
    at.receipt('records', 60)
    at.space = { totalBytes: 100 * gibibyte, usedBytes: 100 * gibibyte, freeBytes: 0 }
    passDays(2)
    const told = at.drop(retention, { readings: 0, records: 60 }) as { what: string; count: number }[]
    expect(told.map(({ what, count }) => [what, count])).toEqual([
      ['verdicts', 20],
      ['events', 20],
      ['abnormal', 20],
    ])
    expect(at.gaps('records')).toEqual([{ from: 1, to: 60, count: 60, reason: 'space' }])
    expect(at.all('select seq from judgments')).toEqual([])
    expect(at.all("select value from meta where name = 'kept_from.verdicts'")).toEqual([{ value: '59' }])
  })

  test('open alarms and what a restart needs stay', () => {
    const retention = at.retention({ hasCloud: false })
    at.database.exec("insert into alarms values ('open', 1, 0, '{}'), ('closed', 0, 0, '{}')")
    at.record({ kind: 'alarm', body: {} })
    at.record({ kind: 'alarm', body: {} })
    passDays(400)
    at.drop(retention, { readings: 0, records: 1 })
    expect(at.all('select id from alarms')).toEqual([{ id: 'open' }])
    expect(at.all("select seq from records where kind = 'alarm'")).toEqual([{ seq: 2 }])
  })

  test.each([true, false])(
    'I2: the numbers of tags stay whatever their age and however full the disk is (cloud: %s)',
    (hasCloud) => {
      const retention = at.retention({ hasCloud })
      at.record({ kind: 'tag', body: {} })
      for (let index = 0; index < 3; index++) at.record({ kind: 'reported', body: {} })
      at.record({ kind: 'tag', body: {} })
      at.receipt('records', 5)
      passDays(5_000)
      at.space = { totalBytes: 100 * gibibyte, usedBytes: 100 * gibibyte, freeBytes: 0 }
      at.drop(retention, { readings: 0, records: 5 })
      expect(at.all("select seq from records where kind != 'drop'")).toEqual([{ seq: 1 }, { seq: 5 }])
      expect(at.gaps('records')).toMatchObject([{ from: 2, to: 4 }])
    },
  )

  test('I2: whatever is stored, receipted and short of space, every number is held once or lies in exactly one gap', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            what: fc.constantFrom('row', 'file', 'normal', 'abnormal', 'event', 'audit'),
            count: fc.integer({ min: 1, max: 20 }),
            receiptedShare: fc.option(share, { freq: 4 }),
            free: fc.option(fc.boolean(), { freq: 4 }),
            days: fc.constantFrom(0, 0, 0, 5, 50),
          }),
          { maxLength: 30 },
        ),
        (steps) => {
          const own = new KeptJournal()
          try {
            const retention = own.retention()
            for (const { what, count, receiptedShare, free, days } of steps) {
              if (what === 'row' || what === 'file') own.segment(count, what)
              else if (what === 'normal' || what === 'abnormal') own.judgment(what === 'normal')
              else own.record({ kind: what, body: {} })
              if (receiptedShare !== null) {
                own.receipt('readings', Math.floor((own.next.readings - 1) * receiptedShare))
                own.receipt('records', Math.floor((own.next.records - 1) * receiptedShare))
              }
              own.clock.advance(days * day)
              if (free !== null) {
                const freeBytes = free ? 90 * gibibyte : 95 * 2 ** 20
                own.space = { totalBytes: 100 * gibibyte, usedBytes: 100 * gibibyte - freeBytes, freeBytes }
              }
              own.drop(retention, { readings: own.next.readings - 1, records: own.next.records - 1 })
              expect(own.unaccounted('readings')).toEqual([])
              expect(own.unaccounted('records')).toEqual([])
              for (const { from, to, count: rows } of own.gaps('records')) expect(rows).toBe(to - from + 1)
            }
          } finally {
            own.close()
          }
        },
      ),
      { numRuns: 25 },
    )
  })

  test('every class has its days in the policy', () => {
    expect(keepingClasses.every(({ days }) => days >= 30)).toBe(true)
  })
})
