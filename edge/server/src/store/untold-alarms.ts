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

/** Alarms that were committed in the instant before a stop, oldest first. A store without a mark is of an older program: nothing is known to be untold. */
export function readUntoldAlarms(database: Database): BrokerState['untoldAlarms'] {
  const lane = database.prepare<[], { next_seq: number }>("select next_seq from lanes where lane = 'records'").get()
  const recordsSeq = (lane?.next_seq ?? 1) - 1
  const told = Number(meta(database, alarmsToldSeq) ?? recordsSeq)
  const rows = database
    .prepare<[number, number, number], { line: string; crc: number | null }>(
      "select line, crc from records where kind = 'alarm' and seq > ? and seq <= ? order by seq desc limit ?",
    )
    .all(told, recordsSeq, untoldAlarmsMax)
  const alarms = [...wholeRecords(rows.toReversed())].map(({ line }) => (JSON.parse(line) as { body: Alarm }).body)
  return { alarms, recordsSeq }
}
