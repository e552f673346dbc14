import { createHash } from 'node:crypto'
import {
  cloudPaths,
  newUploadSchema,
  objectLinkSchema,
  objectsQuerySchema,
  objectUsageSchema,
  storedObjectSchema,
  uploadLinkSchema,
  type StoredFile,
} from '@jidoka/contract'
import { z } from 'zod'
import { found, need, page, Refusal, type Route } from './fixture-routes.ts'
import type { FixtureWorld } from './fixture-world.ts'

type StorageFacts = FixtureWorld['storage']

const idOf = (number: number): string => `0192abcd-0000-4000-8000-${String(number).padStart(12, '0')}`
const endsAt = '2099-01-01T00:00:00.000Z'

export const fileOf = (number: number, changes: Partial<StoredFile> = {}): StoredFile =>
  storedObjectSchema.parse({
    id: idOf(number),
    name: `manual-${number}.pdf`,
    kind: 'document',
    content_type: 'application/pdf',
    bytes: 2_400_000 + number,
    sha256: 'a'.repeat(64),
    created_at: new Date(Date.UTC(2026, 10, 21, 8, 60 - number)).toISOString(),
    created_by: 'admin',
    expires_at: null,
    ...changes,
  })

const usedOf = ({ files }: StorageFacts) => ({
  bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  files: files.length,
})

export const storageRoutes: readonly Route[] = [
  [
    'GET',
    cloudPaths.objects,
    z.array(storedObjectSchema),
    ({ world, user, query }) => {
      need(user, 'export:create')
      const { kind, ...asked } = objectsQuerySchema.parse(query)
      return page(
        world.storage.files.filter((file) => kind === undefined || file.kind === kind),
        asked,
      )
    },
  ],
  [
    'GET',
    cloudPaths.objectUsage,
    objectUsageSchema,
    ({ world, user }) => {
      need(user, 'export:create')
      return { data: { used: usedOf(world.storage), quota: world.storage.quota } }
    },
  ],
  [
    'POST',
    cloudPaths.objectUploads,
    uploadLinkSchema,
    ({ world: { storage }, user, body }) => {
      need(user, 'settings:manage')
      const declared = newUploadSchema.parse(body)
      if (usedOf(storage).bytes + declared.bytes > storage.quota.bytes)
        throw new Refusal('storage_full', 'It does not fit. Remove files that are no longer needed.')
      const token = `token-${storage.promised.size}`
      storage.promised.set(token, declared)
      return {
        data: { id: idOf(900), path: cloudPaths.objectUpload.replace('{token}', token), expires_at: endsAt },
      }
    },
  ],
  [
    'POST',
    cloudPaths.objectShare,
    objectLinkSchema,
    ({ world, user, parts: [id] }) => {
      need(user, 'export:create')
      found(world.storage.files.find((file) => file.id === id))
      return { data: { path: '/api/v1/objects/links/of-the-test', expires_at: endsAt } }
    },
  ],
  [
    'DELETE',
    cloudPaths.object,
    z.strictObject({}),
    ({ world, user, parts: [id] }) => {
      need(user, 'settings:manage')
      found(world.storage.files.find((file) => file.id === id))
      world.storage.files = world.storage.files.filter((file) => file.id !== id)
      return { data: {} }
    },
  ],
]

/** By a link: nobody is signed in. Checked as the cloud does. */
export async function takeUpload(storage: StorageFacts, path: string, bytes: Buffer): Promise<StoredFile> {
  const declared = found(storage.promised.get(path.split('/').at(-1) ?? ''))
  await storage.gate
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (bytes.length !== declared.bytes || sha256 !== declared.sha256)
    throw new Refusal('invalid_input', 'What came is not what was declared.')
  const file = fileOf(800 + storage.files.length, { ...declared, created_at: new Date().toISOString() })
  storage.files = [file, ...storage.files.filter(({ name }) => name !== declared.name)]
  return file
}
