import {
  cloudPaths,
  dropOldSchema,
  moveTenantSchema,
  tenantListSchema,
  tenantMoveSchema,
  type TenantMove,
} from '@jidoka/contract'
import { z } from 'zod'
import { found, need, Refusal, type Route } from './fixture-routes.ts'
import { moveOf, putMove } from './fixture-tenants.ts'
import type { FixtureWorld } from './fixture-world.ts'

/** Only those of the platform's own tenant may: here that is everybody who manages people. */
const ofPlatform = (world: FixtureWorld, user: Parameters<typeof need>[0]) => {
  need(user, 'user:manage')
  if (world.isOtherTenant)
    throw new Refusal('not_permitted', 'Tenants are managed by the administrators of the platform.')
}

const openMove = (world: FixtureWorld, tenant: string | undefined): TenantMove =>
  found(world.tenants.moves.find((move) => move.tenant === tenant && move.ended_at === null))

export const tenantRoutes: readonly Route[] = [
  [
    'GET',
    cloudPaths.tenants,
    tenantListSchema,
    ({ world, user }) => {
      ofPlatform(world, user)
      const { databases, tenants } = world.tenants
      return { data: { databases, tenants } }
    },
  ],
  [
    'GET',
    cloudPaths.tenantMoves,
    z.array(tenantMoveSchema),
    ({ world, user }) => {
      ofPlatform(world, user)
      return { data: world.tenants.moves }
    },
  ],
  [
    'POST',
    cloudPaths.tenantMove,
    tenantMoveSchema,
    ({ world, user, body, parts: [tenant] }) => {
      ofPlatform(world, user)
      const { to } = moveTenantSchema.parse(body)
      const { id, database } = found(world.tenants.tenants.find((each) => each.id === tenant))
      const open = world.tenants.moves.find((move) => move.tenant === id && move.ended_at === null)
      return {
        data: putMove(
          world,
          open === undefined
            ? moveOf({ tenant: id, from: database, to, tables_done: 0, rows_copied: 0 })
            : { ...open, worked_on: true, problem: null },
        ),
      }
    },
  ],
  [
    'POST',
    cloudPaths.tenantMoveCancel,
    z.strictObject({}),
    ({ world, user, parts: [tenant] }) => {
      ofPlatform(world, user)
      putMove(world, { ...openMove(world, tenant), cancel_asked: true })
      return { data: {} }
    },
  ],
  [
    'POST',
    cloudPaths.tenantDropOld,
    z.strictObject({}),
    ({ world, user, body, parts: [tenant] }) => {
      ofPlatform(world, user)
      expectEarly(dropOldSchema.parse(body).early)
      putMove(world, { ...openMove(world, tenant), step: 'dropped', ended_at: '2026-11-21T09:10:00.000Z' })
      return { data: {} }
    },
  ],
]

function expectEarly(early: boolean): void {
  if (!early) throw new Refusal('conflict', 'It is kept for a week.')
}
