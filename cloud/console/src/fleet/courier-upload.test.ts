import { courierPieceBytes, type CourierFile } from '@jidoka/contract'
import { ConnectionError, ProblemError } from '@jidoka/ui'
import { expect, test } from 'vitest'
import { sendCourierFile } from './courier-upload.ts'

/** A cloud that names at most `namedMax` missing pieces, as the real one names a thousand, and drops the line before some. */
function cloud(pieces: number, { has = [] as number[], namedMax = 2, failures = [] as unknown[] } = {}) {
  const here = new Set(has)
  const sizes = new Map<number, number>()
  const waits: number[] = []
  const state = (): CourierFile => {
    const missing = Array.from({ length: pieces }, (_, no) => no).filter((no) => !here.has(no))
    return {
      file_id: 'f',
      state: missing.length === 0 ? 'checking' : 'receiving',
      pieces,
      pieces_missing: missing.slice(0, namedMax),
    } as CourierFile
  }
  const keep = (no: number, body: Blob) => {
    const failure = failures.shift()
    if (failure !== undefined) throw failure
    here.add(no)
    sizes.set(no, body.size)
    return state()
  }
  return {
    sizes,
    waits,
    send: (file: Blob) =>
      sendCourierFile(file, {
        api: {
          beginCourierFile: async (_bytes, first) => keep(0, first),
          sendCourierPiece: async (_file, no, body) => keep(no, body),
        },
        signal: new AbortController().signal,
        onProgress: () => undefined,
        wait: async (ms) => void waits.push(ms),
        random: () => 0,
      }),
  }
}
const file = new Blob([new Uint8Array(4 * courierPieceBytes + 7)])
const broken = () => new ConnectionError('unreachable', '/')

test('every byte is sent once, though the cloud names a few missing pieces at a time', async () => {
  const at = cloud(5)
  expect(await at.send(file)).toMatchObject({ state: 'checking' })
  expect([...at.sizes]).toEqual([0, 1, 2, 3, 4].map((no) => [no, no === 4 ? 7 : courierPieceBytes]))
})

test('a file that was begun before goes on with what is missing', async () => {
  const at = cloud(5, { has: [1, 3] })
  await at.send(file)
  expect([...at.sizes.keys()]).toEqual([0, 2, 4])
})

test('a line that breaks is tried again after growing pauses', async () => {
  const at = cloud(5, { failures: [undefined, broken(), broken()] })
  await at.send(file)
  expect(at.sizes.size).toBe(5)
  expect(at.waits).toHaveLength(2)
  expect(at.waits[1]).toBeGreaterThan(at.waits[0] ?? 0)
})

test('a line that stays broken is told after six tries', async () => {
  const at = cloud(5, { failures: Array.from({ length: 9 }, broken) })
  await expect(at.send(file)).rejects.toThrow(ConnectionError)
  expect(at.waits).toHaveLength(5)
})

test('what the cloud says of the file is not tried again', async () => {
  const refused = new ProblemError({ type: '', kind: 'invalid_input', title: '', status: 422, detail: 'torn' })
  const at = cloud(5, { failures: [undefined, refused] })
  await expect(at.send(file)).rejects.toThrow('torn')
  expect(at.waits).toEqual([])
})
