import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parquetOf, rowsOfParquet } from './parquet.ts'
import { RowDigest } from './row-digest.ts'
import type { ArchivedRow, Cell, ColumnType } from './tables.ts'

const cells: Record<ColumnType, fc.Arbitrary<Cell>> = {
  text: fc.string({ unit: 'grapheme', maxLength: 30 }),
  time: fc
    .date({ min: new Date('1900-01-01Z'), max: new Date('9999-12-31Z'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  integer: fc.maxSafeInteger(),
  number: fc.double(),
  boolean: fc.boolean(),
  json: fc.json(),
}
const columns = { a: 'text', b: 'time', c: 'integer', d: 'number', e: 'boolean', f: 'json' } as const
const rows = fc.array(
  fc.record(
    Object.fromEntries(Object.entries(columns).map(([name, type]) => [name, fc.option(cells[type], { freq: 4 })])),
  ) as fc.Arbitrary<ArchivedRow>,
  { maxLength: 60 },
)

async function fileOf(batches: readonly (readonly ArchivedRow[])[]): Promise<Buffer> {
  const given = async function* () {
    yield* batches
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of parquetOf({ columns }, given())) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function read(file: Buffer): Promise<ArchivedRow[]> {
  const found: ArchivedRow[] = []
  const groups = rowsOfParquet({ bytes: file.length, slice: async (from, to) => file.subarray(from, to) })
  for await (const group of groups) found.push(...group)
  return found
}

const digestOf = (all: readonly ArchivedRow[]) => {
  const digest = new RowDigest({ columns })
  for (const row of all) digest.add(row)
  return `${digest.rows} ${digest.hex()}`
}

it('any rows come back from the file as they went in, in their order, however they were batched', () =>
  fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 20 }), async (all, size) => {
      const batches = Array.from({ length: Math.ceil(all.length / size) }, (_, n) =>
        all.slice(n * size, (n + 1) * size),
      )
      const found = await read(await fileOf(batches))
      expect(found).toEqual(all)
      expect(digestOf(found)).toBe(digestOf(all))
    }),
    { numRuns: 60 },
  ))

it('a file of several groups is read a group at a time', async () => {
  const all = Array.from({ length: 25_000 }, (_, n): ArchivedRow => ({
    a: `row ${n}`,
    b: null,
    c: n,
    d: n / 3,
    e: null,
    f: null,
  }))
  const file = await fileOf([all])
  const sizes: number[] = []
  const slices: number[] = []
  const slice = async (from: number, to: number) => {
    slices.push(to - from)
    return file.subarray(from, to)
  }
  for await (const group of rowsOfParquet({ bytes: file.length, slice })) sizes.push(group.length)
  expect(sizes).toEqual([10_000, 10_000, 5_000])
  // The first is the end of the file, where its groups are listed.
  expect(Math.max(...slices.slice(1))).toBeLessThan(file.length * 0.5)
  expect(digestOf(await read(file))).toBe(digestOf(all))
})

it('the digest is another one for any change of a cell, and for another order', () =>
  fc.assert(
    fc.property(rows, fc.nat(), fc.constantFrom(...Object.keys(columns)), (all, at, name) => {
      const row = all[at % Math.max(1, all.length)]
      if (row === undefined) return
      const changed = all.map((each) => (each === row ? { ...each, [name]: each[name] === null ? 'x' : null } : each))
      expect(digestOf(changed)).not.toBe(digestOf(all))
      expect(digestOf([...all, row])).not.toBe(digestOf(all))
    }),
  ))
