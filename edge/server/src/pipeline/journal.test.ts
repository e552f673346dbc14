import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { recordSchema } from '@jidoka/domain'
import type { CatalogueEntry } from '@jidoka/domain'
import { decodeSegment, signReceipt } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DeadLetterReason, Inbound } from '../ports.ts'
import { journalFile } from '../store/database.ts'
import { StoreProblemError } from '../store/errors.ts'
import { migrations } from '../store/migrations.ts'
import { ingestLimits } from './limits.ts'
import { hotRule, productionCount, TestJournal } from './test-support.ts'

const readingsOf = (line: string, count: number): Partial<Inbound>[] =>
  Array.from({ length: count }, (_, index) => ({ topic: `sensor/${line}/t${index}`, payload: Buffer.from('1') }))
const entryOf = (key: string): CatalogueEntry => ({
  key,
  name: { ko: '값', en: 'Value' },
  kind: 'number',
  unit: '',
  decimals: 1,
  stale_after_s: 30,
})

describe('the journal', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  test('numbers readings and records without a gap, in the order of arrival', () => {
    at.deploy(hotRule())
    for (let commit = 0; commit < 20; commit++)
      at.send(...Array.from({ length: commit + 1 }, (_, index) => 60 + ((commit + index) % 40)))
    const segments = at.read((reader) => reader.segments(1, Infinity))
    let next = 1
    for (const { firstSeq, count, body } of segments) {
      expect(firstSeq).toBe(next)
      expect(decodeSegment(body).count).toBe(count)
      next += count
    }
    expect(next - 1).toBe(210)
    const records = at.records()
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1))
    for (const record of records) recordSchema.parse(record)
    expect(at.read((reader) => reader.lanes())).toEqual({ readingsSeq: 210, recordsSeq: records.length })
  })

  test('gives a segment that begins before the number asked for, and bounded bytes', () => {
    at.send(1, 2, 3)
    at.send(4, 5)
    expect(at.read((reader) => reader.segments(2, 1)).map(({ firstSeq }) => firstSeq)).toEqual([1])
    expect(at.read((reader) => reader.segments(4, Infinity)).map(({ firstSeq }) => firstSeq)).toEqual([4])
    expect(at.read((reader) => reader.segments(6, Infinity))).toEqual([])
  })

  test.each<[DeadLetterReason, Partial<Inbound> & { text?: string }]>([
    ['not_json', { text: '{"value":' }],
    ['wrong_type', { text: '{"value":null}' }],
    ['not_finite', { text: '{"value":1e400}' }],
    ['too_large', { text: `{"value":1,"x":"${'y'.repeat(ingestLimits.payloadBytesMax)}"}` }],
    ['time_too_far', { text: '{"value":1,"timestamp":"2026-01-01T02:00:00Z"}' }],
    ['time_too_far', { text: '{"value":1,"timestamp":"1999-12-31T23:59:59Z"}' }],
    ['bad_topic', { topic: 'sensor/LINE-A', text: '{"value":1}' }],
    ['bad_topic', { topic: 'sensor/LINE-A/a/b/c', text: '{"value":1}' }],
    ['wrong_tenant', { text: '{"value":1,"tenant_id":"other"}' }],
    ['unit_mismatch', { text: '{"value":1,"unit":"F"}' }],
    ['kind_mismatch', { text: '{"value":true}' }],
  ])('I10: keeps as a dead letter and stores the rest: %s', (reason, { text = '', ...message }) => {
    const committed = at.send(20, { ...message, payload: Buffer.from(text) }, 21)
    expect(committed.counts.readings).toBe(2)
    expect(committed.deadLetters.map((letter) => letter.reason)).toEqual([reason])
    const [letter] = at.read((reader) => reader.deadLetters(10))
    expect(letter).toMatchObject({ reason, source: 'press-1' })
    expect(letter?.sample.length).toBeLessThanOrEqual(ingestLimits.sampleLengthMax)
  })

  test('I10: one line of made-up topics leaves room to every other line, and its known tags go on', () => {
    const { waitingTagsOfLineMax: most } = ingestLimits
    const { deadLetters } = at.send(...readingsOf('LINE-A', most + 1))
    expect(deadLetters).toMatchObject([
      {
        reason: 'too_many_tags',
        detail: expect.stringMatching(/"LINE-A" 1000 .* adopt those that are right/) as string,
      },
    ])
    expect(at.send(...readingsOf('LINE-A', 1), ...readingsOf('LINE-B', 1)).counts.readings).toBe(2)
    at.restart({ inOrder: false })
    expect(at.send({ topic: 'sensor/LINE-A/later', payload: Buffer.from('1') }).deadLetters).toHaveLength(1)
    // What is adopted waits no longer, and makes room for one more.
    at.command({ kind: 'adopt_tag', entry: entryOf('LINE-A/t0'), actor: 'kim' })
    const { deadLetters: refused, counts } = at.send(
      { topic: 'sensor/LINE-A/later', payload: Buffer.from('1') },
      { topic: 'sensor/LINE-A/latest', payload: Buffer.from('1') },
    )
    expect([refused.length, counts.readings]).toEqual([1, 1])
    at.command({ kind: 'withdraw_tag', key: 'LINE-A/t0', actor: 'kim' })
    expect(at.send(...readingsOf('LINE-A', 1)).counts.readings).toBe(1)
  })

  test('I10: a sensor that the catalogue names is let in where its line and the whole are full', () => {
    const lines = ingestLimits.tagsMax / ingestLimits.waitingTagsOfLineMax
    for (let line = 0; line < lines; line++) at.send(...readingsOf(`LINE-${line}`, ingestLimits.waitingTagsOfLineMax))
    expect(at.send(...readingsOf('LINE-X', 1)).deadLetters).toMatchObject([
      { reason: 'too_many_tags', detail: expect.stringContaining('there are 10000 tags already') as string },
    ])
    const tags = ['LINE-X/t0', 'LINE-0/named'].map(entryOf)
    at.desire({ kind: 'tag_catalogue', key: 'tags', version: 1, body: { tags } })
    at.send(...tags.map(({ key }) => ({ topic: `sensor/${key}`, payload: Buffer.from('1') })))
    expect(at.committed.at(-1)).toMatchObject({ counts: { readings: 2 }, deadLetters: [] })
    at.restart()
    expect(at.send(...readingsOf('LINE-X', 1)).counts.readings).toBe(1)
    expect(at.read((reader) => reader.tags().length)).toBe(ingestLimits.tagsMax + 2)
  })

  test('I10: keeps a bounded number of dead letters, the newest', () => {
    at.send(
      ...Array.from({ length: ingestLimits.deadLettersMax + 50 }, (_, index) => ({
        payload: Buffer.from(`no json ${index}`),
      })),
    )
    const letters = at.read((reader) => reader.deadLetters(5_000))
    expect(letters.length).toBe(ingestLimits.deadLettersMax)
    expect(letters[0]?.sample).toBe(`no json ${ingestLimits.deadLettersMax + 49}`)
  })

  test('I4: stores a reading of a clock that is an hour ahead, and lets the right clock take over', () => {
    const future = new Date(at.clock.nowMs() + 3_600_000).toISOString()
    at.send({ payload: Buffer.from(`{"value":99,"unit":"C","timestamp":"${future}"}`) })
    at.clock.advance(1_000)
    at.send(20)
    expect(at.read((reader) => reader.lastValues())).toMatchObject([{ value: 20 }])
  })

  test('takes over a unit that comes later, and a catalogue that knows better', () => {
    at.send({ payload: Buffer.from('{"value":1}') }, { payload: Buffer.from('{"value":1,"unit":"K"}') })
    expect(at.read((reader) => reader.tags())).toMatchObject([{ unit: 'K' }])
    at.desire({
      kind: 'tag_catalogue',
      key: 'tags',
      version: 1,
      body: {
        tags: [
          {
            key: 'LINE-A/PRESS-1/temperature',
            name: { ko: '온도', en: 'T' },
            kind: 'number',
            unit: 'C',
            decimals: 1,
            stale_after_s: 30,
          },
        ],
      },
    })
    expect(at.send(20).counts.readings).toBe(1)
    expect(at.send({ payload: Buffer.from('{"value":1,"unit":"K"}') }).deadLetters).toMatchObject([
      { reason: 'unit_mismatch' },
    ])
    expect(at.records().filter(({ kind }) => kind === 'tag').length).toBe(3)
  })

  test.each([{ inOrder: true }, { inOrder: false }])(
    'is as it was after a restart (%o): tags, last values, verdicts, hysteresis, alarms, facts, rules',
    (stop) => {
      at.deploy(hotRule({ hysteresis: { raise_after_count: 3, return_after_count: 1 } }))
      at.events(productionCount())
      at.send(20, 85, 85)
      at.pass(11)
      at.send(86, 21, 85, 85)
      const before = at.read((reader) => [
        reader.tags(),
        reader.lastValues(),
        reader.standingVerdicts(),
        reader.openAlarms(),
        reader.facts(),
        reader.lanes(),
      ])
      at.restart(stop)
      expect(
        at.read((reader) => [
          reader.tags(),
          reader.lastValues(),
          reader.standingVerdicts(),
          reader.openAlarms(),
          reader.facts(),
          reader.lanes(),
        ]),
      ).toEqual(before)
      expect(at.journal.rules()).toMatchObject([{ state: 'in_force', definition: { id: 'hot' } }])
      // Two of three were counted before the restart.
      expect(at.send(87).verdicts).toMatchObject([{ judgment: { status: 'HIGH' } }])
      expect(at.journal.found === null).toBe(stop.inOrder)
    },
  )

  test('I1: rolls a commit back whole when the disk is full, and goes on where it was when there is space', () => {
    at.deploy(hotRule())
    at.send(20)
    const before = at.read((reader) => [
      reader.lanes(),
      reader.standingVerdicts(),
      reader.openAlarms(),
      reader.lastValues(),
    ])
    at.journal.limitPages(1)
    const large = Array.from({ length: 3_000 }, (_, index) => ({
      payload: Buffer.from(at.payload(85 + Math.sin(index) / 3)),
      topic: `sensor/LINE-A/M${index}/temperature`,
    }))
    expect(() => at.send(...large)).toThrow(StoreProblemError)
    expect(() => at.journal.probe()).toThrow(/disk of the data folder is full/)
    expect(
      at.read((reader) => [reader.lanes(), reader.standingVerdicts(), reader.openAlarms(), reader.lastValues()]),
    ).toEqual(before)
    expect(at.read((reader) => reader.tags()).length).toBe(1)
    at.journal.limitPages(1_000_000)
    at.journal.probe()
    expect(at.send(85, 20).counts.readings).toBe(2)
    expect(at.read((reader) => reader.lanes().readingsSeq)).toBe(3)
    expect(at.read((reader) => reader.openAlarms())).toMatchObject([{ state: 'returned' }])
  })

  test('skips events that it has seen, whatever the connector asks for, and keeps its position', () => {
    expect(at.events(productionCount(), productionCount({ source_key: 'count-2' }))).toEqual({ stored: 2 })
    at.restart()
    expect(
      at.events(
        productionCount(),
        productionCount({ source_key: 'count-3' }),
        productionCount({ source_key: 'count-3' }),
      ),
    ).toEqual({ stored: 1 })
    expect(at.records().filter(({ kind }) => kind === 'event').length).toBe(3)
    expect(at.read((reader) => reader.connectorPosition('mes'))).toBe('1')
  })

  test('I10: an event dated further ahead than a clock can be off is refused once, with a sentence, and freezes no line', () => {
    const ahead = productionCount({
      source_key: 'count-9',
      occurred_at_ms: at.clock.nowMs() + ingestLimits.futureMsMax + 1,
      defect_count: 99,
    })
    expect(at.events(ahead)).toEqual({ stored: 0 })
    expect(at.events(ahead, productionCount({ occurred_at_ms: at.clock.nowMs() }))).toEqual({ stored: 1 })
    expect(at.read((reader) => reader.facts())).toMatchObject([{ defectCount: 2, receivedMs: at.clock.nowMs() }])
    expect(at.records().filter(({ kind }) => kind === 'event').length).toBe(1)
    expect(at.read((reader) => reader.deadLetters(10))).toMatchObject([
      {
        reason: 'time_too_far',
        source: 'mes',
        detail: expect.stringMatching(/count-9.* ahead of .* clock of the MES/),
      },
    ])
  })

  test('facts that an older program stored are as old as they say', () => {
    at.journal.abandon()
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${journalFile(at.folder)}${suffix}`, { force: true })
    const facts = {
      line: 'LINE-A',
      order: null,
      lot: 'LOT-1',
      product: null,
      shift: null,
      productionCount: 9,
      defectCount: 1,
    }
    const atMs = at.clock.nowMs() - 1_000
    const sqlite = at.edit()
    sqlite.exec(migrations[0]?.sql ?? '')
    sqlite.prepare('insert into line_facts values (?, ?)').run('LINE-A', JSON.stringify({ ...facts, atMs }))
    sqlite.exec("insert into meta values ('epoch', 'e1'), ('closed_in_order', '1'); pragma user_version = 1")
    sqlite.close()
    at.reopen()
    expect(at.read((reader) => reader.facts())).toEqual([{ ...facts, atMs, receivedMs: atMs }])
  })

  test('finds the readings of a tag by time, and judgments by what they are', () => {
    at.deploy(hotRule())
    const fromMs = at.clock.nowMs()
    for (const value of [20, 85, 30]) {
      at.send(value)
      at.clock.advance(1_000)
    }
    const { values, timesMs } = at.read((reader) =>
      reader.history('LINE-A/PRESS-1/temperature', fromMs + 500, fromMs + 2_000),
    )
    expect([[...values], [...timesMs]]).toEqual([
      [85, 30],
      [fromMs + 1_000, fromMs + 2_000],
    ])
    const judged = (filter: object) =>
      at.read((reader) => reader.judgments({ limit: 10, ...filter })).map(({ judgment }) => judgment.status)
    expect(judged({})).toEqual(['NORMAL', 'HIGH', 'NORMAL'])
    expect(judged({ abnormal: true })).toEqual(['HIGH'])
    expect(judged({ line: 'LINE-B' })).toEqual([])
    const [newest] = at.read((reader) => reader.judgments({ limit: 1 }))
    expect(judged({ beforeSeq: newest?.seq })).toEqual(['HIGH', 'NORMAL'])
    expect(at.read((reader) => reader.judgment(newest?.judgment.id ?? ''))).toEqual(newest?.judgment)
  })

  test('keeps users, settings, receipts and desired items', () => {
    const user = {
      login: 'kim',
      name: '김',
      role: 'operator',
      locale: 'ko',
      passwordHash: 'scrypt$x',
      origin: 'local',
    } as const
    at.command({ kind: 'save_user', user })
    at.desire({
      kind: 'user',
      key: 'kim',
      version: 1,
      body: { name: 'Kim of the cloud', role: 'manager', locale: 'ko', password_hash: 'scrypt$y' },
    })
    at.command({ kind: 'save_setting', name: 'identity', value: 'x' })
    expect(at.read((reader) => reader.users())).toMatchObject([{ login: 'kim', origin: 'desired', role: 'manager' }])
    expect(at.read((reader) => reader.setting('identity'))).toBe('x')
    at.command({
      kind: 'apply_desired',
      change: { upserts: [], removals: [], replaceAll: true, position: { handle: 'h2', offset: '9' } },
    })
    expect(at.read((reader) => reader.users())).toMatchObject([{ login: 'kim', origin: 'local' }])
    expect(at.read((reader) => reader.desiredPosition())).toEqual({ handle: 'h2', offset: '9' })
  })

  test('I2: a receipt that is forgotten is gone, and the other lane keeps its own', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const point = { seq: 5, count: 5, digest: '0123456789abcdef' }
    const receiptOf = (lane: 'readings' | 'records') =>
      signReceipt(
        { edgeId: randomUUID(), epoch: at.read((reader) => reader.epoch), lane, point, receivedAtMs: 1 },
        { keyId: 'k1', privateKey },
      )
    const [readings, records] = [receiptOf('readings'), receiptOf('records')]
    for (const receipt of [readings, records]) at.command({ kind: 'store_receipt', receipt })
    expect(at.read((reader) => reader.receipted())).toEqual({ readings, records })
    at.command({ kind: 'forget_receipt', lane: 'readings' })
    at.reopen()
    expect(at.read((reader) => reader.receipted())).toEqual({ readings: null, records })
  })

  test('I7: a rule that the engine no longer takes is quarantined at the start and not dropped', () => {
    at.deploy(hotRule())
    at.journal.abandon()
    const sqlite = at.edit()
    sqlite.prepare("update rules set definition = json_set(definition, '$.script', 'this is no rule')").run()
    sqlite.close()
    at.reopen()
    expect(at.journal.rules()).toMatchObject([
      { state: 'quarantined', problem: expect.stringContaining('no longer takes') },
    ])
  })
})
