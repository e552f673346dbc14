import { tenantMoveSchema, type TenantList, type TenantMove } from '@jidoka/contract'

/** Tenants, databases and moves as the fixture has them. */
export type TenantFacts = TenantList & { moves: TenantMove[] }

export const databaseOf = (
  name: string,
  kind: TenantList['databases'][number]['kind'],
  changes: Partial<TenantList['databases'][number]> = {},
): TenantList['databases'][number] => ({ name, kind, answers: true, bytes: 4_200_000_000, ...changes })

export const moveOf = (changes: Partial<TenantMove> = {}): TenantMove =>
  tenantMoveSchema.parse({
    id: '01930000-0000-7000-8000-000000000001',
    tenant: 'acme',
    from: 'main',
    to: 'east',
    step: 'copying',
    worked_on: true,
    cancel_asked: false,
    tables_done: 12,
    tables_total: 54,
    rows_copied: 1_240_000,
    rows_expected: 3_100_000,
    rows_verified: null,
    pause_ms: null,
    problem: null,
    begun_at: '2026-11-21T08:41:00.000Z',
    begun_by: 'admin',
    switched_at: null,
    dropped_from: null,
    ended_at: null,
    ...changes,
  })

export const oneDatabase = (): TenantFacts => ({
  databases: [databaseOf('main', 'main')],
  tenants: [{ id: 'demo', database: 'main', move: null }],
  moves: [],
})

/** As the mover writes it down. */
export function putMove({ tenants }: { tenants: TenantFacts }, move: TenantMove): TenantMove {
  tenants.moves = [move, ...tenants.moves.filter(({ id }) => id !== move.id)]
  const open = move.ended_at === null ? move : null
  tenants.tenants = tenants.tenants.map((each) => (each.id === move.tenant ? { ...each, move: open } : each))
  return move
}
