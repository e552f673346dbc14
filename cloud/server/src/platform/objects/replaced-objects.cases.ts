import { Readable } from 'node:stream'
import { createLog } from '@jidoka/base'
import { expect, it, vi } from 'vitest'
import { Database } from '../db/database.ts'
import { DatabaseUnavailableError } from '../db/unavailable.ts'
import type { Blobs } from './blobs.ts'
import { ObjectStore } from './object-store.ts'
import { quota } from './object-world.ts'
import type { ObjectWorld } from './object-world.ts'
import { tidyObjects } from './tidy.ts'

const log = createLog('test', { level: 'silent' })

/** A key has one object, however many write it, and whatever goes wrong between the bytes and their row. */
export function replacedObjectCases(opened: () => ObjectWorld): void {
  it('of a key that is written again are replaced whole; what was read before stays what it was until then', async () => {
    const { blobs, objects, put, get, statesOf } = opened()
    const first = await put('again.txt', Buffer.from('first'))
    const open = await objects.open('demo', 'again.txt')
    const failing = async function* () {
      yield Buffer.from('second, not to its')
      throw new Error('the sender went away')
    }
    await expect(put('again.txt', failing())).rejects.toThrow('the sender went away')
    expect((await get('again.txt'))?.toString()).toBe('first')
    await put('again.txt', Buffer.from('second'))
    expect((await get('again.txt'))?.toString()).toBe('second')
    // Not left to the hour in which it is tidied: its room counts no longer.
    await vi.waitFor(async () => expect(await statesOf('again.txt')).toEqual(['stored']))
    expect(await blobs.names()).not.toContain(`demo/${first.id}`)
    // Whoever has not read it by then is not sent for a backup.
    for (const read of [() => open?.slice(0, 2), () => open?.stream().toArray()])
      await expect(read()).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining('replaced') })
  })

  it('that were stored, and the answer to it lost, are there and said to be', async () => {
    const { clock, envelope, links, store, database, blobs, objects, get } = opened()
    let transactions = 0
    const losing: Database = Object.assign(new Database(store.backend, { clock }), {
      withTenant: async (tenantId: string, work: Parameters<Database['withTenant']>[1]) => {
        const result = await database.withTenant(tenantId, work)
        if (++transactions === 2) throw new DatabaseUnavailableError('the answer was lost')
        return result
      },
    })
    const lossy = new ObjectStore({ database: losing, blobs: blobs.blobs, envelope, clock, links, quota })
    const stored = await lossy.put('demo', {
      key: 'acknowledged.txt',
      kind: 'document',
      contentType: 'text/plain',
      by: 'kim',
      body: Readable.from([Buffer.from('kept')]),
    })
    expect(await objects.find('demo', 'acknowledged.txt')).toEqual(stored)
    await tidyObjects({ database, store: objects, clock, log })
    expect((await get('acknowledged.txt'))?.toString()).toBe('kept')
  })

  it('of a key stay when what was to replace them was tidied away while it was written', async () => {
    const { store, put, get, statesOf } = opened()
    await put('slow.txt', Buffer.from('first'))
    const slow = async function* () {
      yield Buffer.from('second')
      await store.backend.pool.query(
        `update core.objects set state = 'removing' where key = 'slow.txt' and state = 'writing'`,
      )
    }
    await expect(put('slow.txt', slow())).rejects.toMatchObject({ kind: 'unavailable' })
    expect((await get('slow.txt'))?.toString()).toBe('first')
    expect(await statesOf('slow.txt')).toEqual(['stored'])
  })

  it('that cannot be erased keep no others from being tidied', async () => {
    const { clock, envelope, links, database, blobs, objects, put } = opened()
    const kept = new Set<string>()
    const stuck: Blobs = {
      kind: blobs.blobs.kind,
      write: (name, body) => blobs.blobs.write(name, body),
      read: (name, offset, length) => blobs.blobs.read(name, offset, length),
      check: () => blobs.blobs.check(),
      remove: (name) => (kept.has(name) ? Promise.reject(new Error('stuck')) : blobs.blobs.remove(name)),
    }
    const made = [await put('stuck/a.txt', Buffer.from('a')), await put('stuck/b.txt', Buffer.from('b'))]
    await database.asOwner(`update core.objects set state = 'removing' where key like 'stuck/%'`)
    const [first] = made.map(({ id }) => id).toSorted()
    kept.add(`demo/${first}`)
    const partly = new ObjectStore({ database, blobs: stuck, envelope, clock, links, quota })
    expect(await tidyObjects({ database, store: partly, clock, log })).toBe(1)
    await tidyObjects({ database, store: objects, clock, log })
    expect(await blobs.names()).not.toContain(`demo/${first}`)
  })

  it('of one key, written by several at once, end as one of them', async () => {
    const { put, get, statesOf } = opened()
    await Promise.all(Array.from({ length: 5 }, (_, n) => put('race.txt', Buffer.from(`of ${n}`))))
    expect((await get('race.txt'))?.toString()).toMatch(/^of [0-4]$/)
    // Also for whoever comes next, and counts what lies there.
    await vi.waitFor(async () => expect(await statesOf('race.txt')).toEqual(['stored']))
  })
}
