import { createHash } from 'node:crypto'
import { createLog } from '@jidoka/base'
import { cloudPaths, fill } from '@jidoka/contract'
import { expect } from 'vitest'
import { World } from '../../testing/world.ts'
import type { Loose } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export interface Link {
  readonly id: string
  readonly path: string
  readonly expires_at: string
}

/** Where files lie; absent: in the folder of the world. */
export interface TestBucket {
  readonly environment: Readonly<Record<string, string>>
  close(): Promise<void>
}

export type UploadWorld = Awaited<ReturnType<typeof openUploadWorld>>

/** Two tenants in two processes on one database, and what people do with files there. */
export async function openUploadWorld(newStore: NewStore, newBucket?: () => Promise<TestBucket>) {
  const lines: string[] = []
  const log = createLog('test', { level: 'trace', destination: { write: (line) => void lines.push(line) } })
  const bucket = await newBucket?.()
  const environment = bucket?.environment ?? {}
  const world = await World.open(await newStore(), { log, environment, attemptsMax: 100_000 })
  const other = await World.open(world.store, { clock: world.clock, tenant: 'other', environment })

  const declared = (bytes: Uint8Array, name: string) => ({
    name,
    content_type: 'text/plain',
    bytes: bytes.length,
    sha256: sha256(bytes),
  })
  const ask = async (bytes: Uint8Array, name: string): Promise<Link> => {
    const answer = await world.as('POST', cloudPaths.objectUploads, declared(bytes, name))
    expect([answer.status, answer.body.detail]).toEqual([200, undefined])
    return answer.body.data
  }
  const put = (path: string, body: Uint8Array) => world.request('PUT', path, { body })
  const list = async (query = ''): Promise<Loose[]> =>
    (await world.as('GET', `${cloudPaths.objects}${query}`)).body.data
  const names = async () => (await list()).map(({ name }) => name)
  const usage = async () => (await world.as('GET', cloudPaths.objectUsage)).body.data
  const own = async (text: string): Promise<Loose[]> => (await world.store.backend.pool.query(text)).rows
  const setQuota = (bytes: number | null, files: number | null) =>
    world.as('PUT', fill(cloudPaths.tenantStorage, { id: 'demo' }), { bytes, files })

  return {
    lines,
    world,
    other,
    declared,
    ask,
    put,
    list,
    names,
    usage,
    own,
    setQuota,
    async close() {
      await other.cloud.stop()
      await world.close()
      await bucket?.close()
    },
  }
}
