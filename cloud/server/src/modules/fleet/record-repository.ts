import type { JournalRecord, TagDefinition } from '@jidoka/domain'
import { parseTagKey } from '@jidoka/domain'
import type { DropReason, Lane } from '@jidoka/sync-protocol'
import type { Transaction } from '../../platform/db/database.ts'
import { storableInstant, storableInstantOrNull, storableJson, storableText } from '../../platform/db/storable.ts'
import type { LaneOfEdge } from './readings-repository.ts'

export type RecordsOf<Kind extends JournalRecord['kind']> = readonly Extract<JournalRecord, { kind: Kind }>[]

export function storeEvents(tx: Transaction, lane: LaneOfEdge, records: RecordsOf<'event'>): void {
  tx.send(
    `insert into core.events (tenant_id, edge_id, received_at, source, source_key, type, line, occurred_at, body)
     select $1, $2, $3, * from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::jsonb[])
     on conflict do nothing`,
    [
      tx.tenantId,
      lane.edgeId,
      lane.receivedAt,
      records.map(({ body }) => storableText(body.source)),
      records.map(({ body }) => storableText(body.source_key)),
      records.map(({ body }) => body.type),
      records.map(({ body }) => storableText(body.line)),
      records.map(({ body }) => storableInstant(body.occurred_at_ms)),
      records.map(({ body }) => storableJson(body)),
    ],
  )
}

export function storeTags(tx: Transaction, lane: LaneOfEdge, records: RecordsOf<'tag'>): void {
  // The last word on each number: one statement may not change a row twice.
  const tags = [...new Map(records.map(({ body }) => [body.tag_no, body])).values()]
  const place = (tag: TagDefinition) =>
    parseTagKey(tag.key) ?? {
      line: tag.key.split('/')[0] as string,
      equipment: null,
      sensor: tag.key.split('/').at(-1) as string,
    }
  tx.send(
    `insert into fleet.tags (tenant_id, edge_id, epoch, tag_no, key, line, equipment, sensor, kind, unit)
     select $1, $2, $3, * from unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
     on conflict (tenant_id, edge_id, epoch, tag_no) do update set
       key = excluded.key, line = excluded.line, equipment = excluded.equipment, sensor = excluded.sensor, kind = excluded.kind, unit = excluded.unit`,
    [
      tx.tenantId,
      lane.edgeId,
      lane.epoch,
      tags.map((tag) => tag.tag_no),
      tags.map((tag) => storableText(tag.key)),
      tags.map((tag) => storableText(place(tag).line)),
      tags.map((tag) => (place(tag).equipment === null ? null : storableText(place(tag).equipment as string))),
      tags.map((tag) => storableText(place(tag).sensor)),
      tags.map((tag) => tag.kind),
      tags.map((tag) => storableText(tag.unit)),
    ],
  )
}

export function storeReported(tx: Transaction, lane: LaneOfEdge, records: RecordsOf<'reported'>): void {
  const latest = [...new Map(records.map((record) => [`${record.body.kind} ${record.body.key}`, record])).values()]
  tx.send(
    `insert into fleet.reported (tenant_id, edge_id, kind, key, version, state, problem, rule_hash, reported_at, result)
     select $1, $2, * from unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::jsonb[])
     on conflict (tenant_id, edge_id, kind, key) do update set
       version = excluded.version, state = excluded.state, problem = excluded.problem, rule_hash = excluded.rule_hash, reported_at = excluded.reported_at, result = excluded.result`,
    [
      tx.tenantId,
      lane.edgeId,
      latest.map(({ body }) => body.kind),
      latest.map(({ body }) => storableText(body.key)),
      latest.map(({ body }) => body.version),
      latest.map(({ body }) => body.state),
      latest.map(({ body }) => (body.problem === null ? null : storableText(body.problem))),
      latest.map(({ body }) => body.rule_hash),
      latest.map(({ at_ms }) => storableInstant(at_ms)),
      latest.map(({ body }) => (body.result === undefined ? null : storableJson(body.result))),
    ],
  )
}

export function storeOutages(tx: Transaction, lane: LaneOfEdge, records: RecordsOf<'outage'>): void {
  tx.send(
    `insert into fleet.outages (tenant_id, edge_id, epoch, seq, from_at, to_at, cause, rows_waiting, drained_at, dropped, receipted)
     select $1, $2, $3, * from unnest($4::bigint[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::bigint[], $9::timestamptz[], $10::jsonb[], $11::jsonb[]) on conflict do nothing`,
    [
      tx.tenantId,
      lane.edgeId,
      lane.epoch,
      records.map(({ seq }) => seq),
      records.map(({ body }) => storableInstant(body.from_ms)),
      records.map(({ body }) => storableInstantOrNull(body.to_ms)),
      records.map(({ body }) => storableText(body.cause)),
      records.map(({ body }) => body.rows_waiting),
      records.map(({ body }) => storableInstantOrNull(body.drained_ms ?? null)),
      records.map(({ body }) => (body.dropped === undefined ? null : storableJson(body.dropped))),
      records.map(({ body }) => (body.receipted === undefined ? null : storableJson(body.receipted))),
    ],
  )
}

export interface DropRow {
  lane: Lane
  fromSeq: number
  toSeq: number
  reason: DropReason
  /** Rows that went; null: all of the range. */
  count: number | null
  /** Their class; null: all of the range. */
  what: string | null
  /** The record that told of it; null when the lane itself did. */
  sourceSeq: number | null
}

export function storeDrops(tx: Transaction, lane: LaneOfEdge, drops: readonly DropRow[]): void {
  tx.send(
    `insert into fleet.drops (tenant_id, edge_id, epoch, reported_at, lane, from_seq, to_seq, reason, count, what, source_seq)
     select $1, $2, $3, $4, * from unnest($5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[], $10::text[], $11::bigint[]) on conflict do nothing`,
    [
      tx.tenantId,
      lane.edgeId,
      lane.epoch,
      lane.receivedAt,
      drops.map((drop) => drop.lane),
      drops.map((drop) => drop.fromSeq),
      drops.map((drop) => drop.toSeq),
      drops.map((drop) => drop.reason),
      drops.map((drop) => drop.count),
      drops.map((drop) => (drop.what === null ? null : storableText(drop.what))),
      drops.map((drop) => drop.sourceSeq),
    ],
  )
}
