import { generateKeyPairSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exportPublicKey, generateEdgeKey } from '../keys.ts'
import { ByteQueue } from './byte-queue.ts'
import { CourierError } from './error.ts'
import { courierMagic } from './header.ts'
import { generateCourierKey, keyFingerprint } from './keys.ts'
import { checkCourier, readCourier, readCourierHeader } from './read.ts'
import type { CourierReaderOptions } from './read.ts'
import { CourierWriter } from './write.ts'
import type { CourierFacts } from './write.ts'

// A courier file travels on a stick through many hands. The goal: what the recipient reads is, to the bit, what the sender wrote for it, or
// nothing at all. So whatever happens to the bytes on the way, a reader yields no file; and who carries it learns no content.

const sender = generateEdgeKey()
const recipient = generateCourierKey()
const facts: CourierFacts = {
  direction: 'up',
  tenant_id: 'demo',
  edge_id: '0198f0d2-0000-7000-8000-000000000001',
  epoch: '0198f0d2-0000-7000-8000-000000000002',
  created_at_ms: 1,
  signed_by: keyFingerprint(sender.publicKey),
}
const lanes = { records: { from_seq: 1, to_seq: 9 }, readings: null }
const reader: CourierReaderOptions = {
  as: 'cloud',
  recipientKey: recipient.privateKey,
  senderKey: () => sender.publicKey,
}

function fileOf(chunks: readonly Uint8Array[], changes: Partial<CourierFacts> = {}): Buffer {
  const writer = new CourierWriter({ ...facts, ...changes }, sender.privateKey, recipient.publicKey)
  const head = writer.head()
  return Buffer.concat([head, ...chunks.map((chunk) => writer.chunk(chunk)), writer.end({ lanes, has_more: false })])
}

async function read(bytes: Iterable<Uint8Array>, options = reader) {
  const opened = readCourier(bytes, options)
  const chunks: Buffer[] = []
  for (;;) {
    const { done, value } = await opened.next()
    if (done === true) return { chunks, ...value }
    chunks.push(Buffer.from(value))
  }
}

const faultOf = async (bytes: Uint8Array, options = reader): Promise<string> => {
  try {
    await checkCourier([bytes], options)
    return 'taken'
  } catch (error) {
    if (error instanceof CourierError) return error.fault
    throw error
  }
}

function* cutAt(bytes: Buffer, lengths: readonly number[]): Generator<Buffer> {
  let at = 0
  for (let index = 0; at < bytes.length; index++) {
    const length = lengths[index % lengths.length] ?? 1
    yield bytes.subarray(at, at + length)
    at += length
  }
}

test('what was written is read, however the bytes are cut on the way', async () => {
  const chunk = fc.uint8Array({ minLength: 1, maxLength: 300 })
  const cuts = fc
    .array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 5 })
    .filter((all) => all.some(Boolean))
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 8 }), cuts, async (chunks, lengths) => {
      const file = fileOf(chunks)
      const { chunks: found, trailer, header, bytes } = await read(cutAt(file, lengths))
      expect(found).toEqual(chunks.map((each) => Buffer.from(each)))
      expect(header).toMatchObject(facts)
      expect(trailer).toMatchObject({ chunks: chunks.length, lanes, has_more: false })
      expect(bytes).toBe(file.length)
    }),
    { numRuns: 50 },
  )
})

test('I8: every single flipped bit of a file is refused', async () => {
  const file = fileOf([Buffer.from('one'), Buffer.from('two')])
  expect(await faultOf(file)).toBe('taken')
  for (let bit = 0; bit < file.length * 8; bit++) {
    const flipped = Buffer.from(file)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect([bit, await faultOf(flipped)]).not.toEqual([bit, 'taken'])
  }
})

test('a file that ends early is refused as torn, wherever it ends', async () => {
  const file = fileOf([Buffer.from('one'), randomBytes(100)])
  for (let length = 0; length < file.length; length++)
    expect([length, await faultOf(file.subarray(0, length))]).toEqual([length, 'torn'])
})

test('chunks left out, moved, repeated, or of another file of the same sender are refused', async () => {
  const writer = new CourierWriter(facts, sender.privateKey, recipient.publicKey)
  const head = writer.head()
  const [one, two, three] = ['one', 'two', 'three'].map((text) => writer.chunk(Buffer.from(text))) as [
    Buffer,
    Buffer,
    Buffer,
  ]
  const end = writer.end({ lanes, has_more: false })
  const other = new CourierWriter(facts, sender.privateKey, recipient.publicKey)
  other.head()
  const foreign = other.chunk(Buffer.from('one'))
  expect(await faultOf(Buffer.concat([head, one, two, three, end]))).toBe('taken')
  for (const chunks of [
    [two, one, three],
    [one, three],
    [one, two],
    [one, two, three, three],
    [foreign, two, three],
    [],
  ])
    expect(await faultOf(Buffer.concat([head, ...chunks, end]))).toBe('tampered')
  expect(await faultOf(Buffer.concat([head, one, two, three, end, Buffer.from('x')]))).toBe('tampered')
  const shorter = new CourierWriter(facts, sender.privateKey, recipient.publicKey)
  shorter.head()
  expect(await faultOf(Buffer.concat([head, one, two, three, shorter.end({ lanes, has_more: false })]))).toBe(
    'tampered',
  )
})

test('a file for another key, from another sender, or for the other end is refused', async () => {
  const file = fileOf([Buffer.from('one')])
  expect(await faultOf(file, { ...reader, recipientKey: generateCourierKey().privateKey })).toBe('recipient')
  expect(await faultOf(file, { ...reader, senderKey: () => generateEdgeKey().publicKey })).toBe('tampered')
  expect(await faultOf(fileOf([], { direction: 'down' }))).toBe('recipient')
  expect(await faultOf(file, { ...reader, as: 'edge' })).toBe('recipient')
})

test('a file that is none, and one of a newer program, say so', async () => {
  expect(await faultOf(Buffer.from('PK\u0003\u0004 a spreadsheet of somebody'))).toBe('not_courier')
  const file = fileOf([])
  const newer = Buffer.from(file.toString('latin1').replace(/"protocol":"\d+\.\d+"/, '"protocol":"9.0"'), 'latin1')
  expect(await faultOf(newer)).toBe('version')
})

test('lengths that a header, a chunk or a trailer claims take no memory', async () => {
  const claim = (length: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(length)
    return bytes
  }
  expect(await faultOf(Buffer.concat([courierMagic, claim(0xffff_ffff)]))).toBe('tampered')
  const writer = new CourierWriter(facts, sender.privateKey, recipient.publicKey)
  const head = writer.head()
  expect(await faultOf(Buffer.concat([head, claim(0xffff_ffff)]))).toBe('tampered')
  expect(await faultOf(Buffer.concat([head, claim(0), claim(0xffff_ffff)]))).toBe('tampered')
  expect(await faultOf(fileOf([randomBytes(1_000)]), { ...reader, fileBytesMax: 900 })).toBe('too_large')
})

test('the header alone can be read from the beginning of a file, and is proven', async () => {
  const file = fileOf([randomBytes(1_000)])
  expect(await readCourierHeader([file.subarray(0, 1_200)], reader)).toMatchObject(facts)
  await expect(readCourierHeader([file], { ...reader, senderKey: () => generateEdgeKey().publicKey })).rejects.toThrow(
    CourierError,
  )
})

test('who carries a file reads no content in it', () => {
  const text = 'the temperature of press one'
  expect(fileOf([Buffer.from(text)]).includes(text)).toBe(false)
})

test('a sender whose key for the recipient is of small order is refused, not trusted with a known secret', async () => {
  const zero = Buffer.alloc(32).toString('base64url')
  expect(() => new CourierWriter(facts, sender.privateKey, zero)).toThrow(CourierError)
})

test('lets its source go when it stops reading', async () => {
  let isClosed = false
  function* source(): Generator<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(10)
    } finally {
      isClosed = true
    }
  }
  await expect(checkCourier(source(), reader)).rejects.toThrow(CourierError)
  expect(isClosed).toBe(true)
})

test('takes exact lengths off pieces of any length, empty ones among them', async () => {
  const queue = new ByteQueue([Buffer.from('ab'), Buffer.alloc(0), Buffer.from('cdefg')], 100)
  expect((await queue.take(3)).toString()).toBe('abc')
  expect((await queue.take(0)).toString()).toBe('')
  expect((await queue.take(4)).toString()).toBe('defg')
  expect([queue.taken, await queue.isAtEnd()]).toEqual([7, true])
})

test('a courier key is X25519 and is not taken for one that signs', () => {
  const { privateKey } = generateKeyPairSync('x25519')
  expect(exportPublicKey(privateKey)).toHaveLength(43)
})
