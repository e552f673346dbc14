import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ManualClock } from '@jidoka/base'
import type { JournalRecord } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FlightWriter } from '../pipeline/flight.ts'
import { Journal } from '../pipeline/journal.ts'
import { newFolder, newRunner, removeFolder } from '../pipeline/test-support.ts'
import type { Committed } from '../ports.ts'
import { StoreProblemError } from '../store/errors.ts'
import { openReader } from '../store/journal-reader.ts'
import type { DiskSpace } from './disk-space.ts'
import { keepingDefaults } from './policy.ts'
import { ReserveFile, reserveLimits } from './reserve.ts'
import { gibibyte } from './testing/kept-journal.ts'

const plenty: DiskSpace = { totalBytes: 100 * gibibyte, usedBytes: 10 * gibibyte, freeBytes: 90 * gibibyte }

/** The real journal on real files; how large the disk is is said, and how large the database may grow is a limit of SQLite. */
describe('a full disk', () => {
  let folder: string
  let journal: Journal
  let space = plenty
  let flights = new FlightWriter()
  const clock = new ManualClock()
  beforeEach(() => {
    folder = newFolder()
    space = plenty
    open()
  })
  afterEach(() => {
    journal.close()
    removeFolder(folder)
  })

  function open(): void {
    flights = new FlightWriter()
    journal = new Journal({
      dataFolder: folder,
      tenantId: 'acme',
      clock,
      runner: newRunner(),
      keeping: { ...keepingDefaults, bytesMax: null, hasCloud: true },
      space: () => space,
    })
  }

  function send(count: number): Committed | null {
    for (let index = 0; index < count; index++)
      flights.add({
        topic: `sensor/LINE-A/M${index % 20}/temperature`,
        source: 'press',
        qos: 1,
        payload: Buffer.from(`{"value":${Math.sin(index)}}`),
      })
    return journal.apply(flights.take(), []).committed
  }

  function failure(act: () => unknown): StoreProblemError {
    try {
      act()
    } catch (error) {
      if (error instanceof StoreProblemError) return error
      throw error
    }
    throw new Error('it did not fail')
  }

  function read<Answer>(look: (reader: ReturnType<typeof openReader>) => Answer): Answer {
    const reader = openReader({ dataFolder: folder })
    try {
      return look(reader)
    } finally {
      reader.close()
    }
  }
  const records = () =>
    read((reader) => reader.recordLines(1, Infinity).map(({ line }) => JSON.parse(line) as JournalRecord))
  const audits = () =>
    records().flatMap((record) => (record.kind === 'audit' ? [{ at: record.at_ms, ...record.body }] : []))
  const reserveFile = () => join(folder, 'reserve.bin')

  test('a reserve of real blocks is held from the start, smaller on a small disk and none on a tiny one', () => {
    const { size, blocks } = statSync(reserveFile())
    expect(size).toBe(reserveLimits.bytes)
    expect(blocks * 512).toBeGreaterThanOrEqual(size)
    const small = join(folder, 'small')
    mkdirSync(small)
    const held = new ReserveFile(small)
    held.make({ ...plenty, freeBytes: 20 * 2 ** 20 })
    expect([held.bytes, held.missingBytes(plenty)]).toEqual([0, reserveLimits.bytes])
    held.make({ totalBytes: 96 * 2 ** 20, usedBytes: 0, freeBytes: 96 * 2 ** 20 })
    expect(held.bytes).toBe(4 * 2 ** 20)
    held.giveUp()
    held.make({ totalBytes: 9 * 2 ** 20, usedBytes: 0, freeBytes: 9 * 2 ** 20 })
    expect(held.bytes).toBe(0)
  })
  test('a reserve that a crash left half written is made anew', () => {
    journal.abandon()
    removeFolder(reserveFile())
    writeFileSync(`${reserveFile()}.tmp`, 'half')
    open()
    expect(statSync(reserveFile()).size).toBe(reserveLimits.bytes)
    expect(existsSync(`${reserveFile()}.tmp`)).toBe(false)
  })

  test('I1: gives the reserve up, says that it is full, takes nothing until there is space, and then says for how long', () => {
    send(10)
    space = { ...plenty, freeBytes: 5_000_000 }
    journal.limitPages(1)
    const problem = failure(() => send(5_000))
    expect(problem.problem).toBe('full')
    const sinceMs = clock.nowMs()
    journal.troubled(problem)
    expect(existsSync(reserveFile())).toBe(false)
    clock.advance(60_000)
    expect(failure(() => journal.recover(() => {})).problem).toBe('full')
    journal.limitPages(1_000_000)
    // Small commits pass again, but what is free is what the reserve gave back.
    expect(failure(() => journal.recover(() => {})).message).toContain('MiB are free')
    clock.advance(30_000)
    space = plenty
    const told: Committed[] = []
    journal.recover((committed) => told.push(committed))
    expect(audits()).toMatchObject([
      { at: sinceMs, actor: 'appliance', action: 'store.full', detail: { free_bytes: 5_000_000 } },
      { at: clock.nowMs(), action: 'store.resumed', detail: { seconds: 90 } },
    ])
    expect(told.at(-1)?.recordsSeq).toBe(read((reader) => reader.lanes().recordsSeq))
    expect(existsSync(reserveFile())).toBe(true)
    expect(send(10)?.counts.readings).toBe(10)
    expect(read((reader) => reader.lanes().readingsSeq)).toBe(20)
  })

  test('I1: says at once that it is full where the reserve has room for it, and drops the oldest for the reserve alone', () => {
    for (let commit = 0; commit < 20; commit++) send(500)
    clock.advance(10_000)
    journal.sweep()
    const held = read((reader) => reader.lanes().readingsSeq)
    // Everything is free but what the reserve lacks: a few rows have to go, none of them receipted.
    const lowWater = keepingDefaults.reserveBytes + 32 * 2 ** 20
    space = { totalBytes: 100 * gibibyte, usedBytes: 99 * gibibyte, freeBytes: lowWater + 1 }
    expect(journal.troubled(new StoreProblemError('full', 'full'))).toMatchObject({ judgments: [] })
    journal.sweep()
    expect(read((reader) => reader.segments(1, Infinity)[0]?.firstSeq)).toBe(1)
    space = { ...space, freeBytes: lowWater - 10_000 }
    clock.advance(10_000)
    journal.sweep()
    const first = read((reader) => reader.segments(1, Infinity)[0]?.firstSeq ?? 0)
    expect(first).toBeGreaterThan(1)
    expect(first).toBeLessThan(held)
    expect(read((reader) => reader.gapFrom('readings', 1))).toEqual({
      fromSeq: 1,
      toSeq: first - 1,
      reason: 'space',
    })
    expect(records().find(({ kind }) => kind === 'drop')?.body).toEqual({
      lane: 'readings',
      from_seq: 1,
      to_seq: first - 1,
      reason: 'space',
      count: first - 1,
      what: 'readings',
    })
    journal.recover(() => {})
    expect(audits().map(({ action }) => action)).toEqual(['store.full', 'store.resumed'])
  })
})
