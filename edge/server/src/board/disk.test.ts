import { ManualClock } from '@jidoka/base'
import { beforeEach, describe, expect, test } from 'vitest'
import type { StoredState } from '../keeping/stored-state.ts'
import { horizonDaysMax } from '../keeping/horizon.ts'
import { DiskWatch } from './disk.ts'

describe('the disk horizon', () => {
  const clock = new ManualClock()
  let stored: StoredState
  let saved: string | null
  beforeEach(() => {
    saved = null
    stored = {
      readingsSeq: 0,
      recordsSeq: 0,
      receiptedReadingsSeq: Infinity,
      bytesPerReading: 3,
      bytesPerRecord: 100,
      heldReadings: 0,
      heldSinceMs: clock.nowMs(),
      headroomBytes: 86_400_000,
    }
  })

  const watch = (readingsDays = 30) =>
    new DiskWatch({
      clock,
      usedBytes: () => 5,
      space: () => ({ totalBytes: 100, usedBytes: 40, freeBytes: 60 }),
      stored: () => stored,
      readingsDays,
      load: () => saved,
      save: async (text) => void (saved = text),
    })

  /** Lets minutes pass in which so many readings and records come. */
  function pass(minutes: number, readings: number, records = 0): void {
    for (let minute = 0; minute < minutes; minute++) {
      const { readingsSeq, recordsSeq, heldReadings } = stored
      stored = {
        ...stored,
        readingsSeq: readingsSeq + readings,
        recordsSeq: recordsSeq + records,
        heldReadings: heldReadings + readings,
      }
      clock.advance(60_000)
    }
  }

  test('comes with what the store said last, and with a kind also where it gave none', () => {
    const disk = watch()
    expect(disk.state()).toMatchObject({ problem: null, problem_kind: null })
    disk.noteProblem('The disk is full.', 'full')
    expect(disk.state()).toMatchObject({ problem: 'The disk is full.', problem_kind: 'full' })
    disk.noteProblem('It cannot be written.')
    expect(disk.state()).toMatchObject({ problem_kind: 'other' })
    disk.noteProblem(null, 'full')
    expect(disk.state()).toMatchObject({ problem: null, problem_kind: null })
  })

  test('is the room below the mark over the rate of the data, readings and records', () => {
    const disk = watch()
    disk.start()
    expect(disk.state()).toMatchObject({ free_bytes: 60, used_bytes: 5, horizon_days: null })
    // 57,000 and 3,000 bytes a minute are 86.4 MB a day.
    pass(30, 19_000, 30)
    expect(disk.state().horizon_days).toBeCloseTo(1, 5)
    expect(disk.state().horizon_days_at_day_rate).toBeNull()
    disk.stop()
  })

  test('tells the rate of the hour from that of the day', () => {
    const disk = watch()
    disk.start()
    pass(12 * 60, 20_000)
    pass(2 * 60, 2_000)
    const state = disk.state()
    expect(state.horizon_days).toBeCloseTo(10, 1)
    expect(state.horizon_days_at_day_rate).toBeCloseTo(14 / 12.2, 1)
    disk.stop()
  })

  test('is unknown while nothing comes, and never where age frees as much as comes', () => {
    const disk = watch(0.5)
    disk.start()
    pass(20, 0)
    expect(disk.state().horizon_days).toBeNull()
    pass(20, 20_000)
    expect(disk.state().horizon_days).toBe(horizonDaysMax)
    disk.stop()
    saved = null
    const longer = watch(2)
    longer.start()
    pass(20, 20_000)
    expect(longer.state().horizon_days).toBeCloseTo(1, 1)
    longer.stop()
  })

  test('counts on age only while the cloud gives receipts', () => {
    const disk = watch(0.5)
    disk.start()
    pass(90, 20_000)
    expect(disk.state().horizon_days).toBe(horizonDaysMax)
    stored = { ...stored, receiptedReadingsSeq: 0 }
    pass(1, 20_000)
    expect(disk.state().horizon_days).toBeCloseTo(1, 1)
    disk.stop()
  })

  test('knows the day again after a restart, and is not misled by a clock that is set', () => {
    const before = watch()
    before.start()
    pass(5 * 60, 20_000)
    before.stop()
    clock.jump(3_600_000)
    clock.jump(-3_600_000)
    const disk = watch()
    disk.start()
    expect(disk.state().horizon_days_at_day_rate).toBeCloseTo(1, 1)
    clock.jump(30 * 86_400_000)
    pass(1, 20_000)
    expect(disk.state().horizon_days_at_day_rate).toBeCloseTo(1, 1)
    clock.jump(-60 * 86_400_000)
    pass(1, 20_000)
    expect(disk.state().horizon_days_at_day_rate).toBeCloseTo(1, 1)
    disk.stop()
  })

  test('begins anew where what was saved is not readable', () => {
    saved = '[["yesterday"]]'
    const disk = watch()
    disk.start()
    expect(disk.state().horizon_days).toBeNull()
    disk.stop()
  })
})
