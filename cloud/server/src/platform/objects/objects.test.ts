import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'minio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { minioIsMissing, MinioServer } from '../../testing/minio-server.ts'
import { pgliteStores } from '../../testing/stores.ts'
import type { StoreFactory } from '../../testing/stores.ts'
import { FolderBlobs } from './folder-blobs.ts'
import { objectsCases } from './objects.cases.ts'
import type { TestBlobs } from './object-world.ts'
import { S3Blobs } from './s3-blobs.ts'
import { uploadCases } from './uploads.cases.ts'

let stores: StoreFactory
beforeAll(async () => {
  stores = await pgliteStores()
})
afterAll(() => stores.end())

describe('a folder', () => {
  it('forgets what a write left that was killed, and says what to do when it cannot be used', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jidoka-objects-'))
    const blobs = new FolderBlobs(join(folder, 'objects'))
    await blobs.check()
    await blobs.write('demo/one', pieces(1))
    writeFileSync(join(folder, 'objects/demo/two.part'), 'half')
    await blobs.remove('demo/two')
    await blobs.remove('demo/none')
    expect(readdirSync(join(folder, 'objects/demo'))).toEqual(['one'])
    writeFileSync(join(folder, 'file'), '')
    const unusable = new FolderBlobs(join(folder, 'file'))
    await expect(unusable.check()).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(unusable.write('demo/x', pieces(1))).rejects.toThrow('Mend its rights or make room')
    rmSync(folder, { recursive: true })
  })
})

const mebibyte = 1_024 * 1_024
async function* pieces(count: number, error?: Error): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < count; n++) yield Buffer.alloc(mebibyte, n)
  if (error !== undefined) throw error
}

const missing = minioIsMissing()
describe.skipIf(missing !== null)(`in a bucket of MinIO${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  objectsCases(
    () => stores.newStore(),
    async (): Promise<TestBlobs> => {
      const server = await MinioServer.start()
      const { accessKey, secretKey } = MinioServer
      const { endpoint } = server
      const bucket = 'jidoka-test'
      const { hostname, port } = new URL(endpoint)
      const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey })
      return {
        blobs: new S3Blobs({ endpoint, bucket, region: 'us-east-1', accessKey, secretKey }),
        names: async () => {
          const names: string[] = []
          for await (const item of client.listObjectsV2(bucket, '', true)) names.push((item as { name: string }).name)
          return names
        },
        raw: async (name) => Buffer.concat(await (await client.getObject(bucket, name)).toArray()),
        overwrite: async (name, bytes) => void (await client.putObject(bucket, name, Buffer.from(bytes))),
        close: () => server.close(),
      }
    },
  )
  uploadCases(
    () => stores.newStore(),
    async () => {
      const server = await MinioServer.start()
      const { accessKey, secretKey } = MinioServer
      return {
        environment: { S3_ENDPOINT: server.endpoint, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey },
        close: () => server.close(),
      }
    },
  )
})

describe.skipIf(missing !== null)('a bucket of MinIO', () => {
  it(
    'keeps no part of what failed half-way, is not there for a wrong key, and is missed when it has gone',
    { timeout: 60_000 },
    async () => {
      const server = await MinioServer.start()
      const { accessKey, secretKey } = MinioServer
      const { endpoint } = server
      const { hostname, port } = new URL(endpoint)
      const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey })
      const settings = { endpoint, bucket: 'jidoka-test', region: 'us-east-1', accessKey, secretKey }
      try {
        const blobs = new S3Blobs(settings)
        const gone = new Error('the sender went away')
        await expect(blobs.write('demo/half', pieces(40, gone))).rejects.toBe(gone)
        const left: unknown[] = []
        for await (const part of client.listIncompleteUploads('jidoka-test', '', true)) left.push(part)
        expect(left).toEqual([])
        expect(await blobs.read('demo/half', 0, 1)).toBeNull()
        await blobs.write('demo/whole', pieces(33))
        const last = await blobs.read('demo/whole', 32 * mebibyte, 10)
        expect(Buffer.concat((await last?.toArray()) ?? [])).toEqual(Buffer.alloc(10, 32))
        const stranger = new S3Blobs({ ...settings, secretKey: 'of nobody at all' })
        await expect(stranger.check()).rejects.toMatchObject({ kind: 'unavailable' })
        await expect(stranger.read('demo/whole', 0, 1)).rejects.toMatchObject({ kind: 'unavailable' })
      } finally {
        await server.close()
      }
      const blobs = new S3Blobs(settings)
      await expect(blobs.write('demo/x', pieces(1))).rejects.toThrow('Look at S3_ENDPOINT')
      await expect(blobs.read('demo/x', 0, 1)).rejects.toMatchObject({ kind: 'unavailable' })
      await expect(blobs.check()).rejects.not.toThrow(secretKey)
    },
  )
})
