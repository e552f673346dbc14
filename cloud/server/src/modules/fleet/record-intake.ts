import type { JournalRecord } from '@jidoka/domain'
import type { Transaction } from '../../platform/db/database.ts'
import type { EventHub } from '../../platform/events.ts'
import type { AuditPort } from '../audit/port.ts'
import type { JudgmentPort } from '../judgment/port.ts'
import type { LaneOfEdge } from './lane-of-edge.ts'
import type { RecordsOf } from './record-repository.ts'
import { storeDrops, storeEvents, storeOutages, storeReported, storeTags } from './record-repository.ts'
import type { EdgeRow } from './schema.ts'

export interface RecordIntakeParts {
  readonly audit: AuditPort
  readonly hub: EventHub
  readonly judgment: () => JudgmentPort
}

/** Each kind to the module that owns it, all in this transaction. */
export async function storeRecords(
  parts: RecordIntakeParts,
  tx: Transaction,
  edge: EdgeRow,
  lane: LaneOfEdge,
  records: readonly JournalRecord[],
): Promise<void> {
  const { audit, hub } = parts
  const judgment = parts.judgment()
  const of = <Kind extends JournalRecord['kind']>(kind: Kind) =>
    records.filter((record): record is Extract<JournalRecord, { kind: Kind }> => record.kind === kind)
  const judgments = of('judgment')
  if (judgments.length > 0)
    judgment.storeJudgments(
      tx,
      edge,
      judgments.map(({ body }) => body),
    )
  const runs = of('verdict_run')
  if (runs.length > 0)
    judgment.storeVerdictRuns(
      tx,
      lane,
      runs.map(({ seq, body }) => ({ ...body, seq })),
    )
  const alarms = of('alarm')
  if (alarms.length > 0)
    await judgment.storeAlarms(
      tx,
      edge,
      alarms.map(({ body }) => body),
    )
  const events = of('event')
  if (events.length > 0) storeEvents(tx, lane, events)
  const tags = of('tag')
  if (tags.length > 0) storeTags(tx, lane, tags)
  const reported = of('reported')
  if (reported.length > 0) await takeReported(judgment, tx, lane, reported)
  const outages = of('outage')
  if (outages.length > 0) storeOutages(tx, lane, outages)
  const drops = of('drop')
  if (drops.length > 0) {
    const rows = drops.map(({ seq, body }) => ({
      lane: body.lane,
      fromSeq: body.from_seq,
      toSeq: body.to_seq,
      reason: body.reason,
      count: body.count ?? null,
      what: body.what ?? null,
      sourceSeq: seq,
    }))
    storeDrops(tx, lane, rows)
  }
  await audit.appendOfEdge(
    tx,
    of('audit').map(({ seq, at_ms, body }) => ({
      ...body,
      actor: `${edge.name}: ${body.actor}`,
      edgeId: edge.id,
      epoch: lane.epoch,
      seq,
      atMs: at_ms,
    })),
  )
  tx.afterCommit(() => {
    for (const { body } of reported) {
      hub.publish(tx.tenantId, {
        event: 'deployment',
        data: { edge_id: edge.id, kind: body.kind, key: body.key, version: body.version, state: body.state },
      })
    }
  })
}

async function takeReported(
  judgment: JudgmentPort,
  tx: Transaction,
  lane: LaneOfEdge,
  reported: RecordsOf<'reported'>,
): Promise<void> {
  storeReported(tx, lane, reported)
  // The last word on each rule: one that was removed and came back within a batch stands.
  const states = new Map(
    reported.flatMap(({ body }) => (body.kind === 'rule' ? [[body.key, body.state] as const] : [])),
  )
  const removed = [...states].flatMap(([ruleId, state]) => (state === 'removed' ? [ruleId] : []))
  if (removed.length > 0) await judgment.rulesRemoved(tx, lane.edgeId, removed)
}
