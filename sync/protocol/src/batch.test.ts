import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib'
import type { Reading } from '@jidoka/domain'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBatch, readBatchHeader } from './batch-decode.ts'
import { encodeDropBatch, encodeReadingsBatch, encodeRecordsBatch } from './batch-encode.ts'
import { BatchError } from './batch-error.ts'
import { batchLimits } from './limits.ts'
import { advancePoint, laneStart } from './point.ts'
import { mergeSegments, SegmentBuilder, sliceSegment } from './segment/index.ts'
import { readingsArbitrary } from './testing/arbitraries.ts'
import { protocolVersion } from './version.ts'

const sender = { edge_id: '0193a1b2-0000-7000-8000-000000000001', epoch: '0193a1b2-0000-7000-8000-0000000000e1' }

function segmentOf(readings: readonly Reading[], firstSeq: number): Uint8Array {
  const builder = new SegmentBuilder()
  for (const { tagNo, timeMs, value, quality } of readings) builder.push(tagNo, timeMs, value, quality)
  return builder.encode(firstSeq, 1_790_000_000_000)
}

const ramp = (count: number, firstSeq: number) =>
  segmentOf(
    Array.from({ length: count }, (_, index) => ({
      tagNo: (index % 60) + 1,
      timeMs: 1_790_000_000_000 + index,
      value: 20 + (index % 7) / 10,
      quality: 'good',
    })),
    firstSeq,
  )

const auditLine = (seq: number, detail = '') =>
  JSON.stringify({
    seq,
    at_ms: 1_790_000_000_000,
    kind: 'audit',
    body: { actor: 'kim', action: 'sign_in', subject: 'edge', detail: { detail } },
  })

function refusalOf(act: () => unknown) {
  try {
    act()
    return null
  } catch (error) {
    if (error instanceof BatchError) return error.refusal
    throw error
  }
}

/** A batch with a header of one's own over a body of one's own. */
function forged(header: object, body: Uint8Array): Uint8Array {
  const head = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(head.length)
  return Buffer.concat([length, head, body])
}

const recordsHeader = (count: number, expandedBytes: number, more: object = {}) => ({
  protocol: '1.0',
  ...sender,
  lane: 'records',
  from_seq: 1,
  to_seq: count,
  count,
  dropped: null,
  encoding: 'none',
  expanded_bytes: expandedBytes,
  ...more,
})

describe('round trip', () => {
  test('segments leave and arrive as they lie', () => {
    fc.assert(
      fc.property(fc.array(readingsArbitrary, { minLength: 1, maxLength: 5 }), (groups) => {
        let seq = 10
        const segments = groups.map((readings) => {
          const bytes = segmentOf(readings, seq)
          seq += readings.length
          return bytes
        })
        const decoded = decodeBatch(encodeReadingsBatch(sender, segments))
        if (decoded.kind !== 'readings') throw new Error(decoded.kind)
        expect(decoded.segments.flatMap((segment) => [...segment.readings()])).toStrictEqual(
          groups.flat().map((reading, index) => ({ seq: 10 + index, ...reading })),
        )
        expect(decoded.header).toMatchObject({
          ...sender,
          lane: 'readings',
          from_seq: 10,
          to_seq: seq - 1,
          count: seq - 10,
          dropped: null,
        })
      }),
      { numRuns: 50 },
    )
  })

  test('merged segments arrive among others, each reading with the clock of its own commit', () => {
    const merged = mergeSegments([ramp(300, 1), ramp(200, 301)])
    const decoded = decodeBatch(encodeReadingsBatch(sender, [merged, ramp(50, 501)]))
    if (decoded.kind !== 'readings') throw new Error(decoded.kind)
    expect(decoded.header).toMatchObject({ protocol: protocolVersion, from_seq: 1, to_seq: 550 })
    expect(decoded.segments.map(({ commits }) => commits.map(({ count }) => count))).toEqual([[300, 200], [50]])
    expect(advancePoint(laneStart, decoded)).toEqual(
      advancePoint(laneStart, decodeBatch(encodeReadingsBatch(sender, [ramp(300, 1), ramp(200, 301), ramp(50, 501)]))),
    )
  })

  test('a batch of protocol 1.0, as it was recorded, is still read', () => {
    const decoded = decodeBatch(readFileSync(new URL('testing/fixtures/readings-batch-1.0.bin', import.meta.url)))
    if (decoded.kind !== 'readings') throw new Error(decoded.kind)
    expect(decoded.header).toMatchObject({ protocol: '1.0', from_seq: 1, to_seq: 45, encoding: 'zstd' })
    expect(decoded.segments[0]?.value(1)).toBe('정지')
    expect(advancePoint(laneStart, decoded)).toEqual({ seq: 45, count: 45, digest: 'ca1a1b46052e3958' })
  })

  test('a batch of protocol 1.1 with a merged segment, as it was recorded, is still read', () => {
    const decoded = decodeBatch(readFileSync(new URL('testing/fixtures/readings-batch-1.1.bin', import.meta.url)))
    if (decoded.kind !== 'readings') throw new Error(decoded.kind)
    expect(decoded.header).toMatchObject({ protocol: '1.1', from_seq: 1, to_seq: 540, encoding: 'zstd' })
    expect(Object.keys(decoded.header)).not.toContain('base')
    expect(decoded.segments.map(({ commits }) => commits.length)).toEqual([2, 1])
    expect(decoded.segments[0]?.value(4)).toBe('정지')
    expect(advancePoint(laneStart, decoded)).toEqual({ seq: 540, count: 540, digest: 'c820a620d9935c01' })
  })

  test('a batch of protocol 1.2, as it was recorded, is still read, with its base and without a word of what waits', () => {
    const decoded = decodeBatch(readFileSync(new URL('testing/fixtures/readings-batch-1.2.bin', import.meta.url)))
    if (decoded.kind !== 'readings') throw new Error(decoded.kind)
    const base = { seq: 45, count: 45, digest: 'ca1a1b46052e3958' }
    expect(decoded.header).toMatchObject({ protocol: '1.2', from_seq: 46, to_seq: 585, start_seq: 1, base })
    expect(Object.keys(decoded.header)).not.toContain('waiting')
    expect(decoded.segments[0]?.value(1)).toBe('운전')
    expect(advancePoint(base, decoded)).toEqual({ seq: 585, count: 585, digest: '217236858d2ddce8' })
  })

  test('what waits beside a batch arrives, and is bounded', () => {
    const waiting = { records: { rows: 3, oldest_ms: 1_200 }, readings: { rows: 0, oldest_ms: null } }
    const bytes = encodeReadingsBatch({ ...sender, waiting }, [ramp(5, 10)])
    expect(readBatchHeader(bytes).waiting).toEqual(waiting)
    for (const wrong of [
      { ...waiting, readings: { rows: -1, oldest_ms: null } },
      { ...waiting, readings: { rows: 1, oldest_ms: 1e15 } },
      { records: waiting.records },
    ])
      expect(() => decodeBatch(encodeReadingsBatch({ ...sender, waiting: wrong as never }, [ramp(5, 10)]))).toThrow(
        BatchError,
      )
  })

  test('base and first number of the epoch arrive, and are left out where the sender gives none', () => {
    const base = { seq: 9, count: 4, digest: '0123456789abcdef' }
    const lines = [auditLine(10)]
    for (const more of [{}, { start_seq: 6, base }]) {
      const batches = [
        encodeReadingsBatch({ ...sender, ...more }, [ramp(5, 10)]),
        encodeRecordsBatch({ ...sender, ...more, from_seq: 10 }, lines),
        encodeDropBatch({ ...sender, ...more }, { lane: 'readings', fromSeq: 10, toSeq: 12, reason: 'space' }),
      ]
      for (const bytes of batches) {
        const { start_seq, base: based } = readBatchHeader(bytes)
        expect({ start_seq, base: based }).toEqual({ start_seq: undefined, base: undefined, ...more })
      }
    }
  })

  test('records arrive with the very lines that left', () => {
    const lines = [auditLine(5, '온도 "높음"\n다음'), auditLine(6)]
    const decoded = decodeBatch(encodeRecordsBatch({ ...sender, from_seq: 5 }, lines))
    if (decoded.kind !== 'records') throw new Error(decoded.kind)
    expect(decoded.lines).toEqual(lines)
    expect(decoded.records.map(({ seq, kind }) => [seq, kind])).toEqual([
      [5, 'audit'],
      [6, 'audit'],
    ])
  })

  test('a dropped range arrives with its reason and no rows', () => {
    const bytes = encodeDropBatch(sender, { lane: 'readings', fromSeq: 3, toSeq: 9_000_000, reason: 'space' })
    expect(decodeBatch(bytes)).toMatchObject({
      kind: 'dropped',
      reason: 'space',
      header: { from_seq: 3, to_seq: 9_000_000, count: 0 },
    })
  })

  test('the header is read without the body', () => {
    const bytes = encodeReadingsBatch(sender, [ramp(500, 1)])
    expect(readBatchHeader(bytes)).toMatchObject({ from_seq: 1, to_seq: 500, encoding: 'zstd' })
    expect(bytes.length).toBeLessThan(ramp(500, 1).length)
  })
})

describe('the sender refuses', () => {
  test('a merged segment beyond what the line takes, and segments that unpack to too much together', () => {
    const builder = new SegmentBuilder()
    while (!builder.full) builder.push(1, 1_790_000_000_000, 1, 'good')
    const largest = mergeSegments([builder.encode(1, 0), builder.encode(65_537, 0)])
    expect(refusalOf(() => encodeReadingsBatch(sender, [largest]))).toMatchObject({ kind: 'too_large' })
    expect(refusalOf(() => encodeReadingsBatch(sender, [sliceSegment(largest, 65_537, 131_072)]))).toBeNull()

    // Texts that differ in one character each pack to nearly nothing.
    const texts = new SegmentBuilder()
    for (let index = 0; index < 650; index++) texts.push(1, 0, `${index}`.padEnd(1_024, 'x'), 'good')
    const bombs = Array.from({ length: 110 }, (_, index) => mergeSegments([texts.encode(1 + index * 650, 0)]))
    expect(bombs.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(batchLimits.bytesMax)
    expect(refusalOf(() => encodeReadingsBatch(sender, bombs))).toMatchObject({ kind: 'too_large' })
  })

  test('a gap between segments, no rows, and a record of two lines', () => {
    expect(refusalOf(() => encodeReadingsBatch(sender, [ramp(5, 1), ramp(5, 7)]))?.kind).toBe('malformed')
    expect(refusalOf(() => encodeReadingsBatch(sender, []))?.kind).toBe('malformed')
    expect(refusalOf(() => encodeRecordsBatch({ ...sender, from_seq: 1 }, []))?.kind).toBe('malformed')
    expect(refusalOf(() => encodeRecordsBatch({ ...sender, from_seq: 1 }, ['{}\n{}']))?.kind).toBe('malformed')
  })

  test('more readings than a batch may hold', () => {
    const segments = Array.from({ length: 17 }, (_, index) => ramp(65_536, 1 + index * 65_536))
    expect(refusalOf(() => encodeReadingsBatch(sender, segments))?.kind).toBe('too_large')
  })
})

describe('the receiver refuses', () => {
  test('merged segments that unpack to more than a receiver takes', () => {
    const texts = new SegmentBuilder()
    for (let index = 0; index < 650; index++) texts.push(1, 0, `${index}`.padEnd(1_024, 'x'), 'good')
    const bytes = encodeReadingsBatch(sender, [mergeSegments([texts.encode(1, 0)])])
    const narrow = { ...batchLimits, segmentsExpandedBytesMax: 600_000 }
    expect(refusalOf(() => decodeBatch(bytes, narrow))).toMatchObject({ kind: 'too_large' })
    expect(refusalOf(() => decodeBatch(bytes))).toBeNull()
  })

  const whole = encodeReadingsBatch(sender, [ramp(50, 1), ramp(50, 51)])

  test('every cut end, as malformed', () => {
    for (let length = 0; length < whole.length; length += 3)
      expect(refusalOf(() => decodeBatch(whole.slice(0, length)))?.kind, `${length} bytes`).toBe('malformed')
  })

  test('random bytes, with a refusal and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(refusalOf(() => decodeBatch(bytes))).not.toBeNull()
      }),
    )
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = whole.slice()
        changed[at] = (changed[at] as number) ^ flip
        // A flipped byte of the header may name another edge or epoch, which is for the signature to notice.
        if (at >= 4 && at < 4 + new DataView(whole.buffer).getUint32(0, true)) return
        // A few bits of the compressed frame's own header mean nothing: then the content is the same.
        if (refusalOf(() => decodeBatch(changed)) === null) expect(decodeBatch(changed)).toEqual(decodeBatch(whole))
      }),
      { examples: [[246, 1]] },
    )
  })

  test('a body that expands beyond what it claims, without expanding it', () => {
    const bomb = zstdCompressSync(new Uint8Array(64 * 1024 * 1024))
    expect(bomb.length).toBeLessThan(10_000)
    expect(refusalOf(() => decodeBatch(forged(recordsHeader(1, 1_000, { encoding: 'zstd' }), bomb)))?.kind).toBe(
      'too_large',
    )
    expect(
      refusalOf(() => decodeBatch(forged(recordsHeader(1, batchLimits.expandedBytesMax, { encoding: 'zstd' }), bomb)))
        ?.kind,
    ).toBe('too_large')
  })

  test('a frame that asks for a window of 128 MB, though its content is good', async () => {
    const body = Buffer.from(auditLine(1))
    // Only a stream of unknown length keeps the window that it was given.
    const frame = async (windowLog: number) => {
      const stream = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: windowLog } })
      stream.write(body)
      stream.end()
      return buffer(stream)
    }
    const decode = (bytes: Uint8Array) =>
      refusalOf(() => decodeBatch(forged(recordsHeader(1, body.length, { encoding: 'zstd' }), bytes)))
    expect(decode(await frame(20))).toBeNull()
    expect(decode(await frame(27))?.kind).toBe('malformed')
  })

  test('segments that repeat, overlap, leave a gap or stand in the wrong order', () => {
    const decode = (...segments: Uint8Array[]) => {
      const body = Buffer.concat(
        segments.flatMap((bytes) => {
          const length = Buffer.alloc(4)
          length.writeUInt32LE(bytes.length)
          return [length, bytes]
        }),
      )
      return refusalOf(() => decodeBatch(forged(recordsHeader(20, body.length, { lane: 'readings' }), body)))
    }
    expect(decode(ramp(10, 1), ramp(10, 11))).toBeNull()
    for (const segments of [
      [ramp(10, 1), ramp(10, 1)],
      [ramp(15, 1), ramp(10, 11)],
      [ramp(5, 1), ramp(10, 11)],
      [ramp(10, 11), ramp(10, 1)],
      [ramp(10, 1)],
      [ramp(10, 1), ramp(11, 11)],
    ])
      expect(decode(...segments)?.kind).toBe('malformed')
  })

  test('rows that are not those of the header', () => {
    const body = Buffer.from([auditLine(1), auditLine(2)].join('\n'))
    const decode = (header: object, bytes: Uint8Array = body) => refusalOf(() => decodeBatch(forged(header, bytes)))
    expect(decode(recordsHeader(2, body.length))).toBeNull()
    expect(decode(recordsHeader(3, body.length))?.kind).toBe('malformed')
    expect(decode(recordsHeader(1, body.length))?.kind).toBe('malformed')
    expect(decode(recordsHeader(2, body.length, { count: 1 }))?.kind).toBe('malformed')
    expect(decode(recordsHeader(2, body.length, { from_seq: 2, to_seq: 3 }))?.kind).toBe('malformed')
    expect(decode(recordsHeader(2, body.length, { dropped: 'space', count: 0 }))?.kind).toBe('malformed')
    expect(decode(recordsHeader(2, body.length, { surprise: 1 }))?.kind).toBe('malformed')
    const swapped = Buffer.from([auditLine(2), auditLine(1)].join('\n'))
    expect(decode(recordsHeader(2, swapped.length), swapped)?.kind).toBe('malformed')
  })

  test('a record that breaks its schema, and says where without its data', () => {
    const body = Buffer.from(
      JSON.stringify({
        seq: 1,
        at_ms: 1,
        kind: 'audit',
        body: { actor: 'secret-name'.repeat(20), action: 'x', subject: 'y' },
      }),
    )
    const refusal = refusalOf(() => decodeBatch(forged(recordsHeader(1, body.length), body)))
    expect(refusal).toMatchObject({ kind: 'malformed', detail: expect.stringContaining('record 1: body.actor') })
    expect(JSON.stringify(refusal)).not.toContain('secret-name')
  })

  test('more than the narrower limits of a small machine', () => {
    expect(refusalOf(() => decodeBatch(whole, { ...batchLimits, bytesMax: 100 }))?.kind).toBe('too_large')
    expect(refusalOf(() => decodeBatch(whole, { ...batchLimits, expandedBytesMax: 100 }))?.kind).toBe('too_large')
    expect(refusalOf(() => decodeBatch(whole, { ...batchLimits, readingsMax: 99 }))?.kind).toBe('too_large')
    expect(refusalOf(() => decodeBatch(whole, { ...batchLimits, segmentsMax: 1 }))?.kind).toBe('too_large')
  })

  test('a protocol too far away, naming the end to upgrade, even when its header has members of the future', () => {
    expect(
      refusalOf(() => decodeBatch(forged(recordsHeader(1, 0, { protocol: '2.0', lanes: 3 }), Buffer.alloc(0)))),
    ).toEqual({ kind: 'protocol_version', upgrade: 'cloud' })
    expect(refusalOf(() => decodeBatch(forged(recordsHeader(1, 0, { protocol: '0.9' }), Buffer.alloc(0))))).toEqual({
      kind: 'protocol_version',
      upgrade: 'edge',
    })
  })

  test('members of the next minor version are not blamed on the rows: it is the cloud that is to be upgraded', () => {
    const [major, minor] = protocolVersion.split('.').map(Number)
    const next = `${major}.${(minor ?? 0) + 1}`
    const refusal = (header: object) =>
      refusalOf(() => decodeBatch(forged(recordsHeader(1, 0, header), Buffer.alloc(0))))
    expect(refusal({ protocol: next, of_the_future: 3 })).toEqual({ kind: 'protocol_version', upgrade: 'cloud' })
    expect(refusal({ of_the_future: 3 })).toMatchObject({ kind: 'malformed' })
    // What is understood is judged as ever.
    expect(refusal({ protocol: next })).toMatchObject({ kind: 'malformed', detail: 'record 1 is not JSON' })
  })
})
