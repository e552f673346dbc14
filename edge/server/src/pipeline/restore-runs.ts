import type { Judgment, VerdictRun } from '@jidoka/domain'
import type { Judge } from '../judge/judge.ts'
import { OpenRun } from '../judge/open-run.ts'
import type { StoredRun } from '../judge/open-run.ts'
import type { RuleInstance, Slot } from '../judge/rule-instance.ts'
import { meta } from '../store/database.ts'
import type { Database } from '../store/database.ts'
import { openRunsAt } from '../store/journal-writer.ts'
import type { TagReading } from '../store/read-tags.ts'

export interface RestoreRunsOptions {
  readonly database: Database
  readonly judge: Judge
  /** Rules that were in force when the store was last written. */
  readonly wereInForce: Iterable<RuleInstance>
  readonly tagNo: (key: string) => number | undefined
  readonly readings: (tagNos: readonly number[], fromSeq: number) => Iterable<TagReading>
}

/**
 * Brings the runs that were open back as they were at the last commit (I3). The checkpoint holds them as of some seconds
 * before; behind it every triggering reading made exactly one verdict, and those that are records name their reading. What
 * came after a slot's last record, or after the checkpoint where there is none, is in its run.
 */
export function restoreRuns({ database, judge, wereInForce, tagNo, readings }: RestoreRunsOptions): void {
  const stored = storedRuns(database)
  const settled = settledSeqs(database)
  const recorded = settled === null ? new Map<string, number>() : recordedBehind(database, settled.records)
  const counted = new Map<number, { readonly slot: Slot; readonly fromSeq: number; readonly run: OpenRun }[]>()
  for (const rule of wereInForce) {
    for (const slot of rule.slots.values()) {
      const key = pairKey(rule.definition.id, slot.subject)
      const held = stored.get(key)
      slot.run.isStored = held !== undefined
      const run = new OpenRun()
      // A run that has ended is no longer in the store: this one has not, and no record of its slot came behind it.
      if (held !== undefined) run.restore(held)
      const no = rule.definition.trigger.on === 'reading' ? tagNo(slot.subject) : undefined
      if (no === undefined || settled === null || slot.rawStatus === null) {
        if (run.count > 0) judge.restoreRun(slot, run)
        continue
      }
      const ofTag = counted.get(no) ?? []
      ofTag.push({
        slot,
        fromSeq: held === undefined ? (recorded.get(key) ?? settled.readings) : settled.readings,
        run,
      })
      counted.set(no, ofTag)
    }
  }
  if (settled !== null && counted.size > 0) {
    for (const { seq, tagNo: no, receivedMs } of readings([...counted.keys()], settled.readings + 1)) {
      for (const { slot, fromSeq, run } of counted.get(no) ?? [])
        if (seq > fromSeq) run.add(slot.rawStatus ?? '', seq, receivedMs)
    }
  }
  for (const ofTag of counted.values())
    for (const { slot, run } of ofTag) if (run.count > 0) judge.restoreRun(slot, run)
}

function storedRuns(database: Database): ReadonlyMap<string, StoredRun> {
  return new Map(
    database
      .prepare<[], { rule_id: string; subject: string; body: string }>('select rule_id, subject, body from open_runs')
      .all()
      .map((row) => [pairKey(row.rule_id, row.subject), JSON.parse(row.body) as StoredRun]),
  )
}

/** Null in a folder that no program with runs has put a checkpoint into. */
function settledSeqs(database: Database): { readonly readings: number; readonly records: number } | null {
  const [readings, records] = [meta(database, openRunsAt.readings), meta(database, openRunsAt.records)]
  return readings === null || records === null ? null : { readings: Number(readings), records: Number(records) }
}

/** For each rule and subject with a record behind the checkpoint: the last reading that the record accounts for. */
function recordedBehind(database: Database, recordsSeq: number): Map<string, number> {
  const last = new Map<string, number>()
  const rows = database.prepare<[number], { kind: string; line: string; readings_seq: number }>(
    "select kind, line, readings_seq from records where seq > ? and kind in ('judgment', 'verdict_run') order by seq",
  )
  for (const { kind, line, readings_seq: readingsSeq } of rows.iterate(recordsSeq)) {
    const { body } = JSON.parse(line) as { body: Judgment | VerdictRun }
    const key = pairKey(body.rule_id, body.subject)
    const seq =
      (kind === 'judgment' ? (body as Judgment).reading_seq : (body as VerdictRun).last_reading_seq) ?? readingsSeq
    last.set(key, Math.max(last.get(key) ?? 0, seq))
  }
  return last
}

const pairKey = (ruleId: string, subject: string): string => `${ruleId}\n${subject}`
