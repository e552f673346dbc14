import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import type { ObjectWorld } from './object-world.ts'
import { chunkBytes, sealedLength } from './sealed-chunks.ts'

/** What lies there opens as it was stored, in its own row, or not at all. */
export function sealedObjectCases(opened: () => ObjectWorld): void {
  it('lie sealed under a name that says nothing', async () => {
    const { blobs, put } = opened()
    const { id } = await put('secret name.txt', Buffer.from('a word that would be found'))
    expect(await blobs.names()).toContain(`demo/${id}`)
    expect((await blobs.names()).join()).not.toContain('secret name')
    const raw = await blobs.raw(`demo/${id}`)
    expect(raw.includes('a word that would be found')).toBe(false)
    expect(raw.length).toBe(sealedLength(26))
  })

  it('are not given when a byte was changed, a chunk moved, or the end cut off', async () => {
    const { blobs, put, get } = opened()
    const { id } = await put('whole.txt', randomBytes(2 * chunkBytes + 10))
    const name = `demo/${id}`
    const raw = await blobs.raw(name)
    const sealed = chunkBytes + 16
    const harms: [string, Buffer][] = [
      ['a byte', Buffer.concat([raw.subarray(0, 9), Buffer.of((raw[9] ?? 0) ^ 1), raw.subarray(10)])],
      [
        'the order',
        Buffer.concat([raw.subarray(sealed, 2 * sealed), raw.subarray(0, sealed), raw.subarray(2 * sealed)]),
      ],
      ['the last chunk', raw.subarray(0, 2 * sealed)],
      ['the last byte', raw.subarray(0, -1)],
      ['all', Buffer.alloc(0)],
    ]
    for (const [what, bytes] of harms) {
      await blobs.overwrite(name, bytes)
      const given = await get('whole.txt').catch((error: unknown) => error)
      expect([what, given]).toMatchObject([what, { kind: expect.stringMatching(/damaged|unavailable/) }])
    }
    await blobs.overwrite(name, raw)
    expect((await get('whole.txt'))?.length).toBe(2 * chunkBytes + 10)
    const other = await put('another.txt', randomBytes(2 * chunkBytes + 10))
    await blobs.overwrite(`demo/${other.id}`, raw)
    await expect(get('another.txt')).rejects.toMatchObject({ kind: 'damaged' })
    await blobs.blobs.remove(`demo/${other.id}`)
    await expect(get('another.txt')).rejects.toMatchObject({ kind: 'damaged' })
  })

  it('are not given when their end was cut off and their row says so too', async () => {
    const { database, blobs, objects, put } = opened()
    const { id } = await put('cut.txt', randomBytes(2 * chunkBytes + 10))
    await blobs.overwrite(`demo/${id}`, (await blobs.raw(`demo/${id}`)).subarray(0, 2 * (chunkBytes + 16)))
    await database.asOwner(`update core.objects set bytes = ${2 * chunkBytes} where id = '${id}'`)
    const open = await objects.open('demo', 'cut.txt')
    expect((await open?.slice(0, 10))?.length).toBe(10)
    await expect(open?.slice(chunkBytes, 2 * chunkBytes)).rejects.toMatchObject({ kind: 'damaged' })
  })

  it('are given to the last byte only when the digest is the one that was noted', async () => {
    const { database, put, get } = opened()
    await put('noted.txt', Buffer.from('as it was'))
    await database.asOwner(`update core.objects set sha256 = repeat('0', 64) where key = 'noted.txt'`)
    await expect(get('noted.txt')).rejects.toMatchObject({ kind: 'damaged' })
  })

  it('I6: are not there for another tenant, nor do their bytes open in its row', async () => {
    const { blobs, objects, put, get } = opened()
    const mine = await put('mine.txt', Buffer.from('mine'))
    expect(await get('mine.txt', 'other')).toBeNull()
    expect(await objects.remove('other', 'mine.txt')).toBe(false)
    expect(await objects.list('other', { prefix: '', after: null, limit: 10 })).toEqual([])
    const theirs = await objects.put('other', {
      key: 'theirs.txt',
      kind: 'document',
      contentType: 'text/plain',
      by: 'lee',
      body: Readable.from([Buffer.from('ours')]),
    })
    await blobs.overwrite(`other/${theirs.id}`, await blobs.raw(`demo/${mine.id}`))
    await expect(get('theirs.txt', 'other')).rejects.toMatchObject({ kind: 'damaged' })
  })
}
