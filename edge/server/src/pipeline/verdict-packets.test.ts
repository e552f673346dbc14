import { verdictMessageSchema, verdictTopic } from '@jidoka/contract'
import fc from 'fast-check'
import mqttPacket from 'mqtt-packet'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newRow } from '../judge/row-buffer.ts'
import { newInstance, newSlot } from '../judge/rule-instance.ts'
import type { Subject } from '../judge/subject.ts'
import type { VerdictPackets } from '../ports.ts'
import { StoreProblemError } from '../store/errors.ts'
import { hotRule, productionCount, TestJournal } from './test-support.ts'
import { ratio } from '../judge/test-rules.ts'
import { verdictPacketLimits, VerdictPacketWriter } from './verdict-packets.ts'

interface Heard {
  readonly topic: string
  readonly message: unknown
}

/** What an MQTT client makes of the packets, and what the stretches say of their topics. */
function heard({ bytes, stretches }: VerdictPackets): Heard[] {
  const all: Heard[] = []
  const parser = mqttPacket.parser({ protocolVersion: 4 })
  parser.on('packet', (packet) => {
    if (packet.cmd !== 'publish') throw new Error(packet.cmd)
    expect([packet.qos, packet.retain, packet.dup]).toEqual([0, false, false])
    all.push({ topic: packet.topic, message: verdictMessageSchema.parse(JSON.parse(packet.payload.toString())) })
  })
  parser.on('error', (error) => {
    throw error
  })
  let from = 0
  for (const { topic, end } of stretches) {
    const before = all.length
    expect(parser.parse(Buffer.from(bytes.subarray(from, end)))).toBe(0)
    expect(new Set(all.slice(before).map((each) => each.topic))).toEqual(new Set([topic]))
    from = end
  }
  expect(from).toBe(bytes.length)
  return all
}

describe('packets of verdicts', () => {
  const slotAt = (line: string, sensor: string, id = 'hot') =>
    newSlot(newInstance(hotRule({ id }), '', null, true), `${line}/${sensor}`, line, null)
  const row = (readingSeq: number | null) => ({ ...newRow({} as Subject, 0), readingSeq })

  test('are what an MQTT client reads, whatever the subject, verdict and numbers', () => {
    const code = fc.stringMatching(/^[A-Za-z0-9_-]{1,48}$/)
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            line: code,
            sensor: code,
            status: fc.stringMatching(/^[A-Z][A-Z0-9_]{0,31}$/),
            confidence: fc.double({ min: 0, max: 1, noNaN: true }),
            seq: fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { nil: null }),
            nowMs: fc.constantFrom(0, 1, 1_765_400_000_000, 4_102_444_800_000),
          }),
          { maxLength: 30 },
        ),
        (verdicts) => {
          const writer = new VerdictPacketWriter()
          for (const { line, sensor, status, confidence, seq, nowMs } of verdicts)
            writer.verdict(slotAt(line, sensor), row(seq), status, confidence, null, nowMs)
          expect(writer.take().flatMap(heard)).toEqual(
            verdicts.map(({ line, sensor, status, confidence, seq, nowMs }) => ({
              topic: verdictTopic(line, 'hot'),
              // JSON has no negative zero.
              message: {
                subject: `${line}/${sensor}`,
                status,
                confidence: confidence + 0,
                reading_seq: seq,
                judged_at_ms: nowMs,
              },
            })),
          )
          expect(writer.take()).toEqual([])
        },
      ),
    )
  })

  test('beyond the bound of a block begin another: none is lost, none is cut', { timeout: 60_000 }, () => {
    const writer = new VerdictPacketWriter()
    const slots = [slotAt('LINE-A', 'temperature'), slotAt('LINE-A', 'temperature', 'warm')]
    const count = 130_000
    for (let seq = 1; seq <= count; seq++)
      writer.verdict(
        slots[seq > count / 2 ? 1 : 0] as (typeof slots)[0],
        row(seq),
        'NORMAL',
        0.8,
        null,
        1_765_400_000_000,
      )
    const blocks = writer.take()
    expect(blocks.length).toBe(3)
    for (const { bytes } of blocks) {
      expect(bytes.length).toBeLessThanOrEqual(verdictPacketLimits.blockBytesMax)
      // Given away whole: nothing else may lie in the same memory.
      expect(bytes.byteOffset).toBe(0)
    }
    const seqs = blocks.flatMap(heard).map(({ message }) => (message as { reading_seq: number }).reading_seq)
    expect(seqs).toEqual(Array.from({ length: count }, (_, index) => index + 1))
  })
})

describe('while verdicts are watched', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  test('each commit tells all of its verdicts, counted ones too; none before and none after', () => {
    at.deploy(hotRule(), hotRule({ id: 'warm' }), ratio())
    expect(at.send(20).verdictPackets).toBeNull()
    at.journal.watchVerdicts(true)
    const { verdictPackets } = at.send(20, 21, 95)
    expect(verdictPackets === null ? [] : heard(verdictPackets)).toMatchObject(
      ['hot', 'warm'].flatMap((id) =>
        [
          [2, 'NORMAL', 0.8],
          [3, 'NORMAL', 0.8],
          [4, 'HIGH', 0.95],
        ].map(([seq, status, confidence]) => ({
          topic: `verdict/LINE-A/${id}`,
          message: { subject: 'LINE-A/PRESS-1/temperature', status, confidence, reading_seq: seq },
        })),
      ),
    )
    at.events(productionCount({ occurred_at_ms: at.clock.nowMs() }))
    const ofCount = at.committed.at(-1)?.verdictPackets
    expect(ofCount == null ? [] : heard(ofCount)).toMatchObject([{ message: { subject: 'LINE-A', reading_seq: null } }])
    const silence = at
      .pass(61)
      .flatMap((committed) => (committed.verdictPackets === null ? [] : heard(committed.verdictPackets)))
    expect(silence).toMatchObject([{ message: { status: 'UNJUDGED' } }, { message: { status: 'UNJUDGED' } }])
    at.journal.watchVerdicts(false)
    expect(at.send(20).verdictPackets).toBeNull()
  })

  test('a commit that fails tells nothing, also not with the next one', () => {
    at.deploy(hotRule())
    at.journal.watchVerdicts(true)
    at.journal.limitPages(1)
    // The readings find room in the pages that there are; the records of their verdicts, made by then, do not.
    expect(() => at.send(...Array.from({ length: 50 }, () => 90))).toThrow(StoreProblemError)
    at.journal.limitPages(1_000_000)
    const { verdictPackets } = at.send(20)
    expect(verdictPackets === null ? [] : heard(verdictPackets)).toMatchObject([{ message: { reading_seq: 1 } }])
  })

  test('what does not fit into one block follows behind its commit', { timeout: 60_000 }, () => {
    at.deploy(...Array.from({ length: 40 }, (_, index) => hotRule({ id: `hot-${index}` })))
    at.journal.watchVerdicts(true)
    const { verdictPackets, recordsSeq } = at.send(...Array.from({ length: 1_600 }, (_, index) => 20 + (index % 40)))
    const following = at.journal.takeFollowing()
    expect(following.length).toBe(1)
    expect(following[0]).toMatchObject({ recordsSeq, counts: { readings: 0 }, judgments: [] })
    const count = [verdictPackets, ...following.map((each) => each.verdictPackets)].reduce(
      (sum, packets) => sum + (packets === null ? 0 : heard(packets).length),
      0,
    )
    expect(count).toBe(64_000)
    expect(at.journal.takeFollowing()).toEqual([])
  })
})
