import { recordSchema } from '@jidoka/domain'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keepingClasses, kindsKept } from './classes.ts'
import type { KeepingClassName } from './classes.ts'
import { planDrops } from './plan.ts'
import type { Drop, DropQuestion, Piece } from './plan.ts'

const nowMs = 1_000_000
const youngMs = 1_000

/** A journal: pieces of random classes with numbers of their lanes, in order of arrival. */
const journal = fc
  .array(
    fc.record({
      place: fc.integer({ min: 0, max: keepingClasses.length - 1 }),
      bytes: fc.integer({ min: 1, max: 1_000 }),
      count: fc.integer({ min: 1, max: 5 }),
      isFile: fc.boolean(),
      ageMs: fc.integer({ min: 0, max: 3_000 }),
    }),
    { maxLength: 60 },
  )
  .map((rows) => {
    const next = { readings: 1, records: 1 }
    const pieces = new Map<KeepingClassName, Piece[]>(keepingClasses.map(({ name }) => [name, []]))
    const ages = rows.map(({ ageMs }) => ageMs).toSorted((left, right) => right - left)
    for (const [index, { place, bytes, count, isFile }] of rows.entries()) {
      const each = keepingClasses[place]
      if (each === undefined) continue
      const firstSeq = next[each.lane]
      const lastSeq = firstSeq + (each.lane === 'readings' ? count : 1) - 1
      next[each.lane] = lastSeq + 1
      pieces.get(each.name)?.push({
        firstSeq,
        lastSeq,
        bytes,
        atMs: nowMs - (ages[index] ?? 0),
        isFile: isFile && each.lane === 'readings',
      })
    }
    return { pieces, next }
  })

/** Doubles would be next to 0 nearly always. */
const share = fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100)

const question = fc.record({
  journal,
  receiptedShare: share,
  settledShare: share,
  overBytes: fc.integer({ min: -100, max: 20_000 }),
  shortBytes: fc.integer({ min: -100, max: 20_000 }),
  ages: fc.option(fc.integer({ min: 0, max: 3_000 }), { nil: null }),
  stepMax: fc.record({
    rows: fc.integer({ min: 1, max: 30 }),
    rowBytes: fc.integer({ min: 1, max: 5_000 }),
    files: fc.integer({ min: 1, max: 10 }),
  }),
})
type Case = typeof question extends fc.Arbitrary<infer Value> ? Value : never

function ask({ journal: { pieces, next }, ...given }: Case): DropQuestion<Piece> {
  const part = (seq: number, of: number) => Math.floor((seq - 1) * of)
  return {
    classes: keepingClasses.map((each) => ({
      name: each.name,
      lane: each.lane,
      expiredBeforeMs: given.ages === null ? null : nowMs - given.ages,
      pieces: pieces.get(each.name) ?? [],
    })),
    nowMs,
    receiptedSeq: {
      readings: part(next.readings, given.receiptedShare),
      records: part(next.records, given.receiptedShare),
    },
    settledSeq: {
      readings: part(next.readings, given.settledShare),
      records: part(next.records, given.settledShare),
    },
    overBytes: given.overBytes,
    shortBytes: given.shortBytes,
    youngMs,
    stepMax: given.stepMax,
  }
}

const bytesOf = (drops: readonly Drop<Piece>[]): number =>
  drops.flatMap(({ pieces }) => pieces).reduce((sum, { bytes }) => sum + bytes, 0)

describe('what goes when there is no room', () => {
  test('what is kept of a class is always its newest rows', () => {
    fc.assert(
      fc.property(question, (given) => {
        for (const { name } of keepingClasses) {
          const dropped = planDrops(ask(given))
            .filter((drop) => drop.name === name)
            .flatMap(({ pieces }) => pieces)
          expect(dropped).toEqual(given.journal.pieces.get(name)?.slice(0, dropped.length))
        }
      }),
    )
  })

  test('I1: nothing unreceipted goes while the reserve holds, and nothing that a restart needs', () => {
    fc.assert(
      fc.property(question, (given) => {
        const asked = ask(given)
        for (const { lane, pieces } of planDrops(asked)) {
          for (const { lastSeq } of pieces) {
            expect(lastSeq).toBeLessThanOrEqual(asked.settledSeq[lane])
            if (given.shortBytes <= 0) expect(lastSeq).toBeLessThanOrEqual(asked.receiptedSeq[lane])
          }
        }
      }),
    )
  })

  test('I1: unreceipted rows go only when no receipted one is left that may', () => {
    fc.assert(
      fc.property(question, (given) => {
        const asked = ask(given)
        const drops = planDrops(asked)
        const taken = new Set(drops.flatMap(({ pieces }) => pieces))
        const unreceipted = drops.some(({ lane, pieces }) =>
          pieces.some(({ lastSeq }) => lastSeq > asked.receiptedSeq[lane]),
        )
        if (!unreceipted) return
        for (const { lane, pieces } of asked.classes)
          for (const piece of pieces)
            if (piece.lastSeq <= Math.min(asked.receiptedSeq[lane], asked.settledSeq[lane]))
              expect(taken.has(piece)).toBe(true)
      }),
    )
  })

  test('a class is touched for space only when nothing of those before it may go any more', () => {
    fc.assert(
      fc.property(question, (given) => {
        const asked = { ...ask(given), overBytes: 0 }
        const drops = planDrops(asked)
        const taken = new Set(drops.flatMap(({ pieces }) => pieces))
        const isReceipted = ({ lane }: { readonly lane: 'readings' | 'records' }, { lastSeq }: Piece) =>
          lastSeq <= Math.min(asked.receiptedSeq[lane], asked.settledSeq[lane])
        const touched = drops.filter(
          (drop) => drop.reason === 'space' && drop.pieces.every((piece) => isReceipted(drop, piece)),
        )
        for (const { name } of touched) {
          const place = asked.classes.findIndex((stock) => stock.name === name)
          for (const stock of asked.classes.slice(0, place))
            for (const piece of stock.pieces) if (isReceipted(stock, piece)) expect(taken.has(piece)).toBe(true)
        }
      }),
    )
  })

  test('takes no more than is needed: without its last piece there would be too little', () => {
    fc.assert(
      fc.property(question, (given) => {
        const drops = planDrops({ ...ask({ ...given, ages: null }), overBytes: 0 })
        if (given.shortBytes <= 0) {
          expect(drops).toEqual([])
          return
        }
        const largest = Math.max(0, ...drops.flatMap(({ pieces }) => pieces.at(-1)?.bytes ?? 0))
        expect(bytesOf(drops) - largest).toBeLessThan(given.shortBytes)
      }),
    )
  })

  test('a step is bounded, and steps come to an end with everything gone that had to', () => {
    fc.assert(
      fc.property(question, (given) => {
        const pieces = new Map(given.journal.pieces)
        let { overBytes, shortBytes } = given
        for (let step = 0; ; step++) {
          expect(step).toBeLessThan(200)
          const asked = ask({ ...given, journal: { ...given.journal, pieces }, overBytes, shortBytes })
          const drops = planDrops(asked)
          const all = drops.flatMap((drop) => drop.pieces)
          expect(all.filter(({ isFile }) => isFile).length).toBeLessThanOrEqual(given.stepMax.files)
          expect(all.filter(({ isFile }) => !isFile).length).toBeLessThanOrEqual(given.stepMax.rows)
          if (all.length === 0) {
            const oldest = asked.classes.flatMap(({ lane, pieces: left }) =>
              [...left].slice(0, 1).filter(({ lastSeq }) => lastSeq <= asked.settledSeq[lane]),
            )
            if (shortBytes > 0) expect(oldest).toEqual([])
            break
          }
          for (const { name, pieces: gone } of drops) pieces.set(name, pieces.get(name)?.slice(gone.length) ?? [])
          overBytes -= bytesOf(drops)
          shortBytes -= bytesOf(drops)
        }
      }),
    )
  })

  test('above the mark what is young stays, for the reserve it goes', () => {
    const young = { firstSeq: 1, lastSeq: 1, bytes: 10, atMs: nowMs - youngMs + 1, isFile: false }
    const asked: DropQuestion<Piece> = {
      classes: [{ name: 'readings', lane: 'readings', expiredBeforeMs: null, pieces: [young] }],
      nowMs,
      receiptedSeq: { readings: 9, records: 9 },
      settledSeq: { readings: 9, records: 9 },
      overBytes: 5,
      shortBytes: 0,
      youngMs,
      stepMax: { rows: 1, rowBytes: 1, files: 1 },
    }
    expect(planDrops(asked)).toEqual([])
    expect(planDrops({ ...asked, shortBytes: 1 })).toMatchObject([{ reason: 'space', pieces: [young] }])
  })

  test('every kind of record is in one class, or is kept for ever', () => {
    const listed = keepingClasses.flatMap(({ sources }) => sources.map(({ kind }) => kind))
    expect([...new Set(listed), ...kindsKept].toSorted()).toEqual(
      recordSchema.options.map(({ shape }) => shape.kind.value).toSorted(),
    )
    expect(listed.filter((kind) => kind === 'judgment')).toHaveLength(2)
  })
})
