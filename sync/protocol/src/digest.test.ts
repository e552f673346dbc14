import type { Reading } from '@jidoka/domain'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { RunningDigest } from './digest.ts'
import { emptyDigest } from './lane.ts'
import { decodeSegment, SegmentBuilder } from './segment/index.ts'
import { readingsArbitrary } from './testing/arbitraries.ts'

function segment(readings: readonly Reading[], firstSeq: number) {
  const builder = new SegmentBuilder()
  for (const { tagNo, timeMs, value, quality } of readings) builder.push(tagNo, timeMs, value, quality)
  return decodeSegment(builder.encode(firstSeq, 1_790_000_000_000))
}

test('the digest of readings does not depend on the segments that they came in, nor on where it was interrupted', () => {
  fc.assert(
    fc.property(readingsArbitrary, fc.nat(), fc.integer({ min: 1, max: 2 ** 51 }), (readings, cut, firstSeq) => {
      const at = cut % readings.length
      const whole = new RunningDigest().addSegment(segment(readings, firstSeq)).hex()
      const head =
        at === 0 ? emptyDigest : new RunningDigest().addSegment(segment(readings.slice(0, at), firstSeq)).hex()
      expect(new RunningDigest(head).addSegment(segment(readings.slice(at), firstSeq + at)).hex()).toBe(whole)
      // An overlapping segment, of which only the new part counts.
      expect(new RunningDigest(head).addSegment(segment(readings, firstSeq), firstSeq + at).hex()).toBe(whole)
    }),
  )
})

test('any change of one reading changes the digest', () => {
  const base: Reading = { tagNo: 4, timeMs: 1_790_000_000_000, value: 1, quality: 'good' }
  const variants: [Reading, number][] = [
    [base, 1],
    [base, 2],
    [base, 2 ** 32 + 1],
    [{ ...base, tagNo: 5 }, 1],
    [{ ...base, timeMs: base.timeMs + 1 }, 1],
    [{ ...base, value: 2 }, 1],
    [{ ...base, value: true }, 1],
    [{ ...base, value: '1' }, 1],
    [{ ...base, value: '' }, 1],
    [{ ...base, value: 0 }, 1],
    [{ ...base, value: -0 }, 1],
    [{ ...base, quality: 'bad' }, 1],
  ]
  const digests = variants.map(([reading, seq]) => new RunningDigest().addSegment(segment([reading], seq)).hex())
  expect(new Set(digests).size).toBe(variants.length)
})

test('the digest of record lines depends on order and on every character', () => {
  const of = (...lines: string[]) =>
    lines.reduce((digest, line) => digest.addRecordLine(line), new RunningDigest()).hex()
  expect(
    new Set([of('a', 'b'), of('b', 'a'), of('ab'), of('a'), of('a', 'b', ''), of('a\0', 'b'), of('정지')]).size,
  ).toBe(7)
  expect(new RunningDigest(of('a')).addRecordLine('b').hex()).toBe(of('a', 'b'))
})

test('digests are the same on every machine and in every version of this protocol', () => {
  expect(new RunningDigest().hex()).toBe(emptyDigest)
  const readings: Reading[] = [
    { tagNo: 1, timeMs: 1_790_000_000_000, value: 20.5, quality: 'good' },
    { tagNo: 2, timeMs: 1_790_000_000_001, value: '정지', quality: 'uncertain' },
  ]
  expect(new RunningDigest().addSegment(segment(readings, 1)).hex()).toMatchInlineSnapshot(`"ec341c357ca74a18"`)
  expect(new RunningDigest().addRecordLine('{"seq":1}').hex()).toMatchInlineSnapshot(`"c987306652975e75"`)
})
