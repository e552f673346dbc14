import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ManualClock } from '@jidoka/base'
import type { NewRecord } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { quietLog } from '../broker/test-support.ts'
import { segmentFileName } from '../store/segment-files.ts'
import { damagedLimits, keepDamagedBytes } from './damaged-folder.ts'
import { Scrub, scrubLimits, scrubStart } from './scrub.ts'
import { Scrubber } from './scrubber.ts'
import { SetAside } from './set-aside.ts'
import type { Damage } from './set-aside.ts'
import { flipBit } from './testing/damage.ts'
import { KeptJournal } from './testing/kept-journal.ts'

describe('damage', () => {
  let at: KeptJournal
  let aside: SetAside
  beforeEach(() => {
    at = new KeptJournal()
    aside = new SetAside(at.database, at.folder)
    at.segment(10)
    at.segment(400, 'file')
    at.segment(500, 'file')
    at.segment(10)
    for (let index = 0; index < 5; index++) at.judgment(index > 2)
  })
  afterEach(() => at.close())

  const file = (firstSeq: number, count: number) => join(at.folder, segmentFileName(firstSeq, count))
  const kept = () => (existsSync(join(at.folder, 'damaged')) ? readdirSync(join(at.folder, 'damaged')) : [])

  function setAside(damage: Damage): NewRecord['body'][] {
    const told: NewRecord['body'][] = []
    at.database.transaction(() => aside.carryOut(damage, at.clock.nowMs(), (record) => told.push(record.body)))()
    aside.finish()
    return told
  }

  test('I2: a file with a flipped bit is set aside, its range becomes a gap with a record, and the next ones stay', () => {
    flipBit(file(11, 400), 300)
    const drop = { lane: 'readings', from_seq: 11, to_seq: 410, reason: 'damaged', count: 400 }
    expect(setAside({ lane: 'readings', firstSeq: 11 })).toEqual([drop])
    expect(at.gaps('readings')).toEqual([{ from: 11, to: 410, count: 400, reason: 'damaged' }])
    expect(at.unaccounted('readings')).toEqual([])
    expect(kept()).toEqual(['segment-11-400.seg'])
    expect([existsSync(file(11, 400)), existsSync(file(411, 500))]).toEqual([false, true])
  })

  test('any single flipped bit of a file is found', () => {
    const scrub = new Scrub(at.database, at.folder)
    for (let offset = 0; offset < 600; offset += 7) {
      flipBit(file(11, 400), offset)
      expect(
        scrub.newest().map(({ firstSeq }) => firstSeq),
        `bit in byte ${offset}`,
      ).toEqual([11])
      flipBit(file(11, 400), offset)
    }
    expect(scrub.newest()).toEqual([])
  })

  test('a file that is missing is a gap too', () => {
    rmSync(file(411, 500))
    expect(setAside({ lane: 'readings', firstSeq: 411 })).toMatchObject([{ from_seq: 411, to_seq: 910 }])
    expect(kept()).toEqual([])
  })

  test('a row of readings and a record whose checksum does not fit go the same way', () => {
    at.database.exec('update reading_segments set body = zeroblob(length(body)) where first_seq = 1')
    at.database.exec("update records set line = replace(line, 'HIGH', 'LOW!') where seq = 2")
    expect(setAside({ lane: 'readings', firstSeq: 1 })).toMatchObject([{ from_seq: 1, to_seq: 10 }])
    expect(setAside({ lane: 'records', firstSeq: 2 })).toMatchObject([{ lane: 'records', from_seq: 2, to_seq: 2 }])
    expect(at.all('select seq from judgments where seq = 2')).toEqual([])
    expect(at.unaccounted('records')).toEqual([])
    expect(kept().toSorted()).toEqual(['record-2.json', 'segment-1-10.seg'])
  })

  test('what is whole stays, whoever reports it, and what is gone is no damage', () => {
    for (const firstSeq of [1, 11, 12, 411, 5_000]) expect(setAside({ lane: 'readings', firstSeq })).toEqual([])
    for (const firstSeq of [1, 5, 99]) expect(setAside({ lane: 'records', firstSeq })).toEqual([])
    expect(at.unaccounted('readings')).toEqual([])
  })

  test('a commit that fails leaves the file where it is', () => {
    flipBit(file(11, 400), 300)
    at.database.exec('begin')
    aside.carryOut({ lane: 'readings', firstSeq: 11 }, 0, () => {})
    at.database.exec('rollback')
    aside.finish()
    expect(existsSync(file(11, 400))).toBe(true)
    expect(at.unaccounted('readings')).toEqual([])
  })

  test('copies of what was damaged are bounded', () => {
    for (let index = 0; index < damagedLimits.filesMax + 20; index++)
      keepDamagedBytes(at.folder, `segment-${index}.seg`, Buffer.from('x'))
    expect(kept().length).toBe(damagedLimits.filesMax)
    // What was put away whole is not theirs to take.
    mkdirSync(join(at.folder, 'damaged', 'segments-1'))
    for (let index = 0; index < damagedLimits.filesMax + 1; index++)
      keepDamagedBytes(at.folder, `later-${index}.seg`, Buffer.from('x'))
    expect(kept()).toContain('segments-1')
    expect(kept().length).toBe(damagedLimits.filesMax + 1)
  })

  test('a look through the whole store finds each damage once, from where it was before a restart, and begins anew', async () => {
    flipBit(file(411, 500), 200)
    at.database.exec("update records set line = replace(line, 'HIGH', 'LOW!') where seq = 2")
    const clock = new ManualClock()
    const scrub = new Scrub(at.database, at.folder)
    const reported: Damage[] = []
    let saved: string | null = null
    const scrubber = (wasUnclean: boolean) =>
      new Scrubber({
        clock,
        log: quietLog,
        step: async (position) => scrub.step(position),
        newest: async () => scrub.newest(),
        report: async (damage) => void reported.push(damage),
        load: () => saved,
        save: async (text) => void (saved = text),
        wasUnclean,
      })
    const turn = async (of: Scrubber) => {
      clock.advance(scrubLimits.everyMs)
      for (let tick = 0; tick < 20; tick++) await Promise.resolve()
      return of
    }
    const first = scrubber(false)
    await first.start()
    await turn(first)
    expect(reported).toEqual([{ lane: 'records', firstSeq: 2 }])
    await first.stop()
    const second = scrubber(true)
    await second.start()
    await turn(second)
    await second.stop()
    expect(reported.slice(1)).toEqual([
      { lane: 'readings', firstSeq: 411 },
      { lane: 'readings', firstSeq: 411 },
      { lane: 'records', firstSeq: 2 },
    ])
    expect(scrub.step(JSON.parse(saved ?? '')).next).toEqual(scrubStart)
  })
})
