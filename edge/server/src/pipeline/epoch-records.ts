import type { NewRecord, ReportedItem, TagDefinition } from '@jidoka/domain'
import type { EpochBegin, PoisonRows } from '../ports.ts'
import { meta } from '../store/database.ts'
import type { Database } from '../store/database.ts'
import { replaceEpoch } from '../store/epochs.ts'
import { noteAlarmsRepeated } from '../store/untold-alarms.ts'
import type { CommitDraft } from './commit-draft.ts'

/** What stands, in the words of the records that said it first. */
const standing = {
  tags: 'select tag_no, key, kind, unit from tags order by tag_no',
  verdicts: 'select judgment as body from standing where judgment is not null order by rule_id, subject',
  alarms: 'select body from alarms where open = 1 order by id',
  reported: 'select body from reported_items order by kind, key',
} as const

/**
 * Begins another epoch and appends again what the cloud keys by epoch and what it must know of this appliance today: the rows that said it may
 * lie before the first numbers of the new one.
 */
export function beginEpoch(database: Database, begin: EpochBegin, draft: CommitDraft): void {
  const former = meta(database, 'epoch') ?? ''
  replaceEpoch(database, begin, draft.nowMs)
  const { nowMs } = draft
  const bodies = <Body>(sql: string) =>
    database
      .prepare<[], { body: string }>(sql)
      .all()
      .map(({ body }) => JSON.parse(body) as Body)
  for (const body of database.prepare<[], TagDefinition>(standing.tags).all())
    draft.record({ at_ms: nowMs, kind: 'tag', body })
  for (const kind of ['alarms', 'verdicts'] as const)
    for (const body of bodies<never>(standing[kind]))
      draft.record({ at_ms: nowMs, kind: kind === 'alarms' ? 'alarm' : 'judgment', body })
  if (draft.alarms.length === 0) noteAlarmsRepeated(database, draft.records.length)
  for (const body of bodies<ReportedItem>(standing.reported)) draft.record({ at_ms: nowMs, kind: 'reported', body })
  draft.record({
    at_ms: nowMs,
    kind: 'audit',
    body: {
      actor: begin.actor,
      action: 'sync.epoch_begin',
      subject: begin.epoch,
      detail: { former, records_from: begin.startSeqs.records, readings_from: begin.startSeqs.readings },
    },
  })
}

export const poisonRecord = ({ lane, fromSeq, toSeq }: PoisonRows, nowMs: number): NewRecord => ({
  at_ms: nowMs,
  kind: 'drop',
  body: { lane, from_seq: fromSeq, to_seq: toSeq, reason: 'poison' },
})
