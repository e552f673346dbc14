import type { Alarm } from '@jidoka/domain'
import type { BrokerState } from '../ports.ts'
import { meta, setMeta } from './database.ts'
import type { Database } from './database.ts'
import { wholeRecords } from './whole-record.ts'

/** Name in `meta`: the last record up to which alarms are with those sessions that outlive their connection. */
const alarmsToldSeq = 'alarms_told_records_seq'

/**
 * What is told at one start. Between the commit of an alarm and that of its messages lie some commits, never a thousand alarms: more
 * come from a program that did not keep the mark, and would fill each session's queue with what is long over. The newest are told.
 */
const untoldAlarmsMax = 1_000

/** Inside the commit that holds the messages to sessions, or a later one. */
export function noteAlarmsTold(database: Database, recordsSeq: number): void {
  setMeta(database, alarmsToldSeq, String(recordsSeq))
}

/**
 * A new epoch says again the alarms that are open: they are with the sessions already. To be called inside its commit, before its records are written,
 * of which `recordCount` go up to the last repeated one. Where an alarm before them is untold the mark stays: rather told twice than not at all.
 */
export function noteAlarmsRepeated(database: Database, recordCount: number): void {
  const told = meta(database, alarmsToldSeq)
  if (told === null) return
  const untold = database
    .prepare<[number], { seq: number }>("select seq from records where kind = 'alarm' and seq > ? limit 1")
    .get(Number(told))
  if (untold === undefined) noteAlarmsTold(database, lastRecordSeq(database) + recordCount)
}

/** Alarms that were committed in the instant before a stop, oldest first. A store without a mark is of an older program: nothing is known to be untold. */
export function readUntoldAlarms(database: Database): BrokerState['untoldAlarms'] {
  const recordsSeq = lastRecordSeq(database)
  const told = Number(meta(database, alarmsToldSeq) ?? recordsSeq)
  const rows = database
    .prepare<[number, number, number], { line: string; crc: number | null }>(
      "select line, crc from records where kind = 'alarm' and seq > ? and seq <= ? order by seq desc limit ?",
    )
    .all(told, recordsSeq, untoldAlarmsMax)
  const alarms = [...wholeRecords(rows.toReversed())].map(({ line }) => (JSON.parse(line) as { body: Alarm }).body)
  return { alarms, recordsSeq }
}

function lastRecordSeq(database: Database): number {
  const lane = database.prepare<[], { next_seq: number }>("select next_seq from lanes where lane = 'records'").get()
  return (lane?.next_seq ?? 1) - 1
}
