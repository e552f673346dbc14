import type { Lane, LanePoint, Trouble, TroubleKind } from '@jidoka/sync-protocol'
import type { Transaction } from '../../platform/db/database.ts'
import type { EpochName } from './lane-repository.ts'

/** As many as a cursor may carry; an edge has four at most: two lanes, two kinds, of its current epoch. */
const toldMax = 8
/** Shown of one edge: those that stand and the last that were settled. */
const shownMax = 50
/** Settled ones kept of each edge; without it a copy that nobody stops would fill the table by being settled again and again. */
const settledKept = 200

export interface NewTrouble {
  readonly id: string
  readonly edgeId: string
  readonly epoch: string
  readonly lane: Lane
  readonly kind: TroubleKind
  readonly seq: number
  readonly held: LanePoint
  readonly ours: LanePoint
  readonly toldBy: 'cloud' | 'edge'
  readonly at: string
}

export interface TroubleRow {
  id: string
  epoch: string
  lane: Lane
  kind: TroubleKind
  seq: number
  held_seq: number
  held_count: number
  held_digest: string
  ours_seq: number
  ours_count: number
  ours_digest: string
  told_by: 'cloud' | 'edge'
  since: string
  last_at: string
  times: number
  settled_at: string | null
  settled_by: string | null
  reason: string | null
}

/** Notes a trouble; one that stands already is told once more. Returns whether it is new. */
export async function noteTrouble(tx: Transaction, trouble: NewTrouble): Promise<boolean> {
  const { held, ours } = trouble
  const [row] = await tx.query<{ id: string }>(
    `insert into fleet.troubles (tenant_id, id, edge_id, epoch, lane, kind, seq, held_seq, held_count, held_digest, ours_seq, ours_count, ours_digest, told_by, since, last_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
     on conflict (tenant_id, edge_id, epoch, lane, kind) where settled_at is null do update set
       times = fleet.troubles.times + 1, last_at = excluded.last_at, seq = excluded.seq,
       held_seq = excluded.held_seq, held_count = excluded.held_count, held_digest = excluded.held_digest,
       ours_seq = excluded.ours_seq, ours_count = excluded.ours_count, ours_digest = excluded.ours_digest
     returning id`,
    [
      tx.tenantId,
      trouble.id,
      trouble.edgeId,
      trouble.epoch,
      trouble.lane,
      trouble.kind,
      trouble.seq,
      held.seq,
      held.count,
      held.digest,
      ours.seq,
      ours.count,
      ours.digest,
      trouble.toldBy,
      trouble.at,
    ],
  )
  return row?.id === trouble.id
}

/** A trouble of an epoch, for the edge and its copy to hear. */
export interface StandingTrouble extends EpochName {
  readonly told: Trouble
}

/** Those that stand in epochs, the oldest first. */
export async function standingTroubles(tx: Transaction, epochs: readonly EpochName[]): Promise<StandingTrouble[]> {
  const rows = await tx.query<Pick<TroubleRow, 'epoch' | 'kind' | 'lane' | 'seq' | 'since'> & { edge_id: string }>(
    {
      name: 'standing-troubles',
      text: `select asked.edge_id, asked.epoch, t.kind, t.lane, t.seq, t.since from unnest($1::uuid[], $2::uuid[]) as asked (edge_id, epoch)
         cross join lateral (select * from fleet.troubles t where t.edge_id = asked.edge_id and t.epoch = asked.epoch and t.settled_at is null order by t.since limit $3) as t`,
    },
    [epochs.map(({ edgeId }) => edgeId), epochs.map(({ epoch }) => epoch), toldMax],
  )
  return rows.map(({ edge_id: edgeId, epoch, since, ...told }) => ({
    edgeId,
    epoch,
    told: { ...told, since_ms: Date.parse(since) },
  }))
}

export async function listTroubles(tx: Transaction, edgeId: string): Promise<TroubleRow[]> {
  return tx.query<TroubleRow>(
    `select id, epoch, lane, kind, seq, held_seq, held_count, held_digest, ours_seq, ours_count, ours_digest, told_by, since, last_at, times, settled_at, settled_by, reason
     from fleet.troubles where edge_id = $1 order by settled_at is not null, since desc, id limit $2`,
    [edgeId, shownMax],
  )
}

/** Settles all that stand, of whichever epoch. Returns how many. */
export async function settleTroubles(
  tx: Transaction,
  edgeId: string,
  by: { readonly at: string; readonly login: string; readonly reason: string },
): Promise<number> {
  const settled = await tx.run(
    'update fleet.troubles set settled_at = $2, settled_by = $3, reason = $4 where edge_id = $1 and settled_at is null',
    [edgeId, by.at, by.login, by.reason],
  )
  await tx.run(
    `delete from fleet.troubles where edge_id = $1 and settled_at is not null and id not in (
       select id from fleet.troubles where edge_id = $1 and settled_at is not null order by settled_at desc, id limit $2)`,
    [edgeId, settledKept],
  )
  return settled
}

/** Of these edges those with troubles that stand. */
export async function countStandingTroubles(tx: Transaction, edgeIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.query<{ edge_id: string; n: number }>(
    'select edge_id, count(*)::int as n from fleet.troubles where edge_id = any($1::uuid[]) and settled_at is null group by edge_id',
    [edgeIds],
  )
  return new Map(rows.map(({ edge_id, n }) => [edge_id, n]))
}
