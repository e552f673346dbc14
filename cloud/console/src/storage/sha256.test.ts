import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Sha256, sha256Of } from './sha256.ts'

const right = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('is what everybody else makes of the same bytes, whatever pieces they come in', () =>
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (pieces) => {
      const hash = new Sha256()
      for (const piece of pieces) hash.update(piece)
      expect(hash.hex()).toBe(right(Buffer.concat(pieces)))
    }),
    { examples: [55, 56, 63, 64, 65, 119, 120, 128].map((length) => [[new Uint8Array(length).fill(7)]]) },
  ))

test('of a file is made piece by piece, and ends when it is no longer wanted', async () => {
  const bytes = new Uint8Array(4 * 1_024 * 1_024 + 77).fill(1)
  expect(await sha256Of(new Blob([bytes]), new AbortController().signal)).toBe(right(bytes))
  await expect(sha256Of(new Blob([bytes]), AbortSignal.abort())).rejects.toThrow('aborted')
})
