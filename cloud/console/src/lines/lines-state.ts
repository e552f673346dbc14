import type { BoardAlarm, BoardTag, BoardVerdict, CloudLine } from '@jidoka/contract'
import { alarmPriorities, unjudged, type AlarmPriority } from '@jidoka/domain'
import { conditions, placeAmongLimits, type Condition } from '@jidoka/ui'

export const lineId = (line: Pick<CloudLine, 'edge_id' | 'code'>): string => `${line.edge_id}/${line.code}`

/** `PRESS-1/temperature` for `LINE-A/PRESS-1/temperature` where LINE-A is said already. */
export function subjectWithin(line: Pick<CloudLine, 'code'>, subject: string): string {
  return subject.startsWith(`${line.code}/`) ? subject.slice(line.code.length + 1) : subject
}

/** An alarm whose cause still stands. `returned` waits for a person, but the process is normal again; shelved ones are out of the way by choice. */
const stands = (alarm: BoardAlarm): boolean => alarm.state === 'unacknowledged' || alarm.state === 'acknowledged'
const wantsPerson = (alarm: BoardAlarm): boolean => alarm.state === 'unacknowledged' || alarm.state === 'returned'

/** The worst that stands at the line. `silent`: no rule has judged it yet, which is not the same as all being well. */
export function lineCondition(
  line: Pick<CloudLine, 'alarms' | 'alarms_more' | 'verdicts' | 'verdicts_more'>,
): Condition {
  // Alarms and verdicts of which the answer had no room for one are not known, and not nothing.
  if (line.alarms.length === 0 && line.alarms_more > 0) return 'abnormal'
  const standing = line.alarms.filter(stands)
  const worst = alarmPriorities.find((priority) => standing.some((alarm) => alarm.priority === priority))
  if (worst !== undefined) return worst
  if (line.verdicts.length === 0 && line.verdicts_more > 0) return 'abnormal'
  if (line.verdicts.some((verdict) => !verdict.normal && verdict.status !== unjudged)) return 'abnormal'
  if (line.verdicts.some((verdict) => verdict.status === unjudged)) return 'unjudged'
  return line.verdicts.length === 0 ? 'silent' : 'normal'
}

/** What a verdict means: the priority of the alarm that it raised, if that still stands. */
export function verdictCondition(verdict: BoardVerdict, alarms: readonly BoardAlarm[]): Condition {
  if (verdict.normal) return 'normal'
  if (verdict.status === unjudged) return 'unjudged'
  const alarm = alarms.find(
    (other) => stands(other) && other.rule_id === verdict.rule_id && other.subject === verdict.subject,
  )
  return alarm?.priority ?? 'abnormal'
}

/** The abnormal first; within a condition in the fixed order of site and code, so that a line is found where it was. */
export function sortLines(lines: readonly CloudLine[]): CloudLine[] {
  const rank = new Map(lines.map((line) => [line, conditions.indexOf(lineCondition(line))]))
  return lines.toSorted(
    (a, b) =>
      (rank.get(a) ?? 0) - (rank.get(b) ?? 0) ||
      a.site.code.localeCompare(b.site.code) ||
      a.code.localeCompare(b.code) ||
      a.edge_id.localeCompare(b.edge_id),
  )
}

export function sortVerdicts(line: Pick<CloudLine, 'verdicts' | 'alarms'>): BoardVerdict[] {
  const rank = (verdict: BoardVerdict) => conditions.indexOf(verdictCondition(verdict, line.alarms))
  return line.verdicts.toSorted(
    (a, b) => rank(a) - rank(b) || a.rule_id.localeCompare(b.rule_id) || a.subject.localeCompare(b.subject),
  )
}

export function sortAlarms(alarms: readonly BoardAlarm[]): BoardAlarm[] {
  const state = (alarm: BoardAlarm) =>
    alarm.state === 'unacknowledged' ? 0 : stands(alarm) || wantsPerson(alarm) ? 1 : 2
  const priority = (name: AlarmPriority) => alarmPriorities.indexOf(name)
  return alarms.toSorted(
    (a, b) =>
      state(a) - state(b) || priority(a.priority) - priority(b.priority) || b.raised_at.localeCompare(a.raised_at),
  )
}

/**
 * How many alarms, and how many verdicts that may be abnormal, a row leaves out that shows `shownMax` of each. The abnormal ones of an edge are listed first:
 * where a normal one is listed, those that are not listed are normal too.
 */
export function leftOut(
  line: Pick<CloudLine, 'alarms' | 'alarms_more' | 'verdicts' | 'verdicts_more'>,
  shownMax: number,
): { readonly alarms: number; readonly verdicts: number } {
  const abnormal = line.verdicts.filter((verdict) => !verdict.normal).length
  return {
    alarms: Math.max(0, line.alarms.length - shownMax) + line.alarms_more,
    verdicts: Math.max(0, abnormal - shownMax) + (abnormal === line.verdicts.length ? line.verdicts_more : 0),
  }
}

const placeWeight = { inside: 0, outside: 100, danger: 200 } as const

/**
 * The tags worth a place in the overview: those outside their limits or named by an abnormal verdict first, then those that
 * have limits, then numbers; by key within each.
 */
export function keyTags(line: Pick<CloudLine, 'tags' | 'verdicts'>, countMax: number): BoardTag[] {
  const abnormal = new Set(line.verdicts.filter((verdict) => !verdict.normal).map((verdict) => verdict.subject))
  const weight = (tag: BoardTag) =>
    (typeof tag.value === 'number' ? placeWeight[placeAmongLimits(tag.value, tag.limits)] : 0) +
    (abnormal.has(tag.key) ? 50 : 0) +
    (Object.keys(tag.limits).length > 0 ? 10 : 0) +
    (tag.kind === 'number' ? 1 : 0)
  return line.tags.toSorted((a, b) => weight(b) - weight(a) || a.key.localeCompare(b.key)).slice(0, countMax)
}

/** A change of an alarm, put into the line that it belongs to; one that has ended is taken out. The other lines stay the same objects. */
export function withAlarm(lines: readonly CloudLine[], alarm: BoardAlarm & { readonly edge_id: string }): CloudLine[] {
  const { edge_id: edgeId, ...rest } = alarm
  return lines.map((line) => {
    if (line.edge_id !== edgeId || line.code !== alarm.line) return line
    const others = line.alarms.filter((other) => other.id !== alarm.id)
    return { ...line, alarms: alarm.state === 'cleared' ? others : [...others, rest] }
  })
}

/** An edge was heard: the age of its lines begins anew, without waiting for their values. */
export function withHeard(
  lines: readonly CloudLine[],
  news: { readonly edge_id: string; readonly lines: readonly string[]; readonly seen_at: string },
): CloudLine[] {
  return lines.map((line) =>
    line.edge_id === news.edge_id && news.lines.includes(line.code) ? { ...line, heard_at: news.seen_at } : line,
  )
}

export interface LineCounts {
  readonly abnormal: number
  readonly unjudged: number
  /** Alarms that wait for somebody, of those that are listed. */
  readonly unacknowledged: number
  /** Whether all alarms are listed; of the others nobody knows here how many wait. */
  readonly areAlarmsAll: boolean
}

export function countLines(lines: readonly CloudLine[]): LineCounts {
  const found = lines.map(lineCondition)
  return {
    abnormal: found.filter((condition) => condition !== 'normal' && condition !== 'silent' && condition !== 'unjudged')
      .length,
    unjudged: found.filter((condition) => condition === 'unjudged').length,
    unacknowledged: lines.reduce((sum, line) => sum + line.alarms.filter(wantsPerson).length, 0),
    areAlarmsAll: lines.every((line) => line.alarms_more === 0),
  }
}
