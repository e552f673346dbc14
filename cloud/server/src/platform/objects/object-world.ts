import { generateKeyPairSync, createPrivateKey, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Envelope, EnvironmentKeys, ManualClock } from '@jidoka/base'
import type { NewStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import type { Blobs } from './blobs.ts'
import { FolderBlobs } from './folder-blobs.ts'
import { ObjectLinks } from './links.ts'
import { ObjectStore } from './object-store.ts'
import type { NewObject } from './port.ts'

/** Blobs of a test, and a look past the interface at what really lies there. */
export interface TestBlobs {
  readonly blobs: Blobs
  names(): Promise<string[]>
  raw(name: string): Promise<Buffer>
  overwrite(name: string, bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

export const quota = { bytes: 1024 ** 3, files: 1_000 }

export const newLinks = (): ObjectLinks =>
  new ObjectLinks(createPrivateKey(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })))

export type ObjectWorld = Awaited<ReturnType<typeof openObjectWorld>>

/** Objects of three tenants, over blobs that a test can look at. */
export async function openObjectWorld(newStore: NewStore, newBlobs: () => Promise<TestBlobs>) {
  const clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
  const envelope = new Envelope(new EnvironmentKeys(randomBytes(32).toString('base64')))
  const links = newLinks()
  const store = await newStore()
  const database = new Database(store.backend, { clock })
  for (const id of ['demo', 'other', 'small'])
    await store.backend.pool.query('insert into core.tenants (id, name) values ($1, $1)', [id])
  const blobs = await newBlobs()
  const objects = new ObjectStore({ database, blobs: blobs.blobs, envelope, clock, links, quota })

  const put = (key: string, body: Uint8Array | AsyncIterable<Uint8Array>, more: Partial<NewObject> = {}) =>
    objects.put('demo', {
      key,
      kind: 'document',
      contentType: 'text/plain',
      by: 'kim',
      body: body instanceof Uint8Array ? Readable.from([body]) : body,
      ...more,
    })
  const get = async (key: string, tenant = 'demo') => {
    const found = await objects.open(tenant, key)
    return found === null ? null : Buffer.concat(await found.stream().toArray())
  }
  const rowsOf = async (key: string) =>
    (
      await store.backend.pool.query<{ id: string; state: string }>(
        'select id, state from core.objects where key = $1 order by created_at',
        [key],
      )
    ).rows
  const statesOf = async (key: string) => (await rowsOf(key)).map(({ state }) => state)

  return {
    clock,
    envelope,
    links,
    store,
    database,
    blobs,
    objects,
    put,
    get,
    rowsOf,
    statesOf,
    async close() {
      await blobs.close()
      await store.close()
    },
  }
}

export async function blobsInFolder(): Promise<TestBlobs> {
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-objects-'))
  return {
    blobs: new FolderBlobs(folder),
    names: async () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)),
    raw: async (name) => readFileSync(join(folder, name)),
    overwrite: async (name, bytes) => writeFileSync(join(folder, name), bytes),
    close: async () => rmSync(folder, { recursive: true }),
  }
}
