import {
  archiveSchema,
  archiveSettingsSchema,
  cloudPaths,
  objectLinkSchema,
  pageQuerySchema,
  type Archive,
} from '@jidoka/contract'
import { z } from 'zod'
import { found, need, page, type Route } from './fixture-routes.ts'
import type { FixtureWorld } from './fixture-world.ts'

const gone = new Date('2026-11-21T02:20:05.000Z')

export function archiveOf(number: number, changes: Partial<Archive> = {}): Archive {
  const from = new Date(Date.UTC(2024, 9 - number))
  return archiveSchema.parse({
    id: `0192${String(number).padStart(28, '0')}`.replace(
      /^(.{8})(.{4})(.)(.{3})(.)(.{3})(.{12})$/,
      '$1-$2-4$4-8$6-$7',
    ),
    table: number % 2 === 0 ? 'core.judgment_executions' : 'core.reading_segments',
    partition: `judgment_executions_y${from.getUTCFullYear()}m${String(from.getUTCMonth() + 1).padStart(2, '0')}`,
    from: from.toISOString(),
    to: new Date(Date.UTC(2024, 10 - number)).toISOString(),
    rows: 412_345 + number,
    bytes: 25_600_000,
    digest: 'd'.repeat(64),
    archived_at: gone.toISOString(),
    restoration: null,
    ...changes,
  })
}

export const archiveRoutes: readonly Route[] = [
  [
    'GET',
    cloudPaths.archives,
    z.array(archiveSchema),
    ({ world, user, query }) => {
      need(user, 'export:create')
      return page(world.archives.archives, pageQuerySchema.parse(query))
    },
  ],
  [
    'GET',
    cloudPaths.archiveSettings,
    archiveSettingsSchema,
    ({ world, user }) => {
      need(user, 'export:create')
      return { data: { tables: world.archives.tables } }
    },
  ],
  [
    'PUT',
    cloudPaths.archiveSettings,
    z.strictObject({}),
    ({ world, user, body }) => {
      need(user, 'settings:manage')
      world.archives.tables = archiveSettingsSchema.parse(body).tables
      return { data: {} }
    },
  ],
  [
    'POST',
    cloudPaths.archiveLink,
    objectLinkSchema,
    ({ world, user, parts: [id] }) => {
      need(user, 'export:create')
      found(world.archives.archives.find((archive) => archive.id === id))
      return { data: { path: '/api/v1/objects/links/of-the-test', expires_at: gone.toISOString() } }
    },
  ],
  [
    'POST',
    cloudPaths.archiveRestore,
    z.strictObject({}),
    ({ world, user, parts: [id] }) => {
      need(user, 'settings:manage')
      restore(world.archives, id, { state: 'restored', by: 'admin', until: '2026-12-21T09:00:00.000Z' })
      return { data: {} }
    },
  ],
  [
    'DELETE',
    cloudPaths.archiveRestore,
    z.strictObject({}),
    ({ world, user, parts: [id] }) => {
      need(user, 'settings:manage')
      restore(world.archives, id, null)
      return { data: {} }
    },
  ],
  [
    'DELETE',
    cloudPaths.archive,
    z.strictObject({}),
    ({ world, user, parts: [id] }) => {
      need(user, 'settings:manage')
      world.archives.archives = world.archives.archives.filter((archive) => archive.id !== id)
      return { data: {} }
    },
  ],
]

function restore(facts: FixtureWorld['archives'], id: string | undefined, restoration: Archive['restoration']): void {
  found(facts.archives.find((archive) => archive.id === id))
  facts.archives = facts.archives.map((archive) => (archive.id === id ? { ...archive, restoration } : archive))
}
