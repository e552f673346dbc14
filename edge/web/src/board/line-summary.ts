import type { BoardAlarm, BoardLine, BoardTag, BoardVerdict } from '@jidoka/contract'
import { unjudged, type LocalText } from '@jidoka/domain'
import { conditions, worseOf, type Condition } from '@jidoka/ui'
import type { BoardState } from './board-state.ts'

export interface LineSummary {
  readonly line: BoardLine
  readonly condition: Condition
  /** The status that the tile shows; null while nothing was judged there. */
  readonly status: string | null
  /** Since when the shown status stands. */
  readonly since: string | null
  /** The rule that gave the shown status; null while nothing was judged there. */
  readonly ruleName: LocalText | null
  /** Where: the equipment, or null for the line as a whole. */
  readonly equipment: string | null
  readonly openAlarms: number
  readonly alarmsToAcknowledge: number
  readonly unjudgedCount: number
  readonly verdictsCount: number
  /** There are alarms, and somebody has acknowledged each. */
  readonly acknowledged: boolean
}

/** Shelved alarms and those out of service were put aside by a person: they do not colour a line. */
export const isStanding = (alarm: BoardAlarm): boolean =>
  alarm.state === 'unacknowledged' || alarm.state === 'acknowledged' || alarm.state === 'returned'
export const needsAcknowledgement = (alarm: BoardAlarm): boolean =>
  alarm.state === 'unacknowledged' || alarm.state === 'returned'

const conditionOf = (verdict: BoardVerdict): Condition =>
  verdict.status === unjudged ? 'unjudged' : verdict.normal ? 'normal' : 'abnormal'

const rank = (condition: Condition) => conditions.indexOf(condition)
/** Those that need somebody before those that somebody has seen, then the worst, then the newest. */
export function byUrgency(one: BoardAlarm, other: BoardAlarm): number {
  const need = Number(needsAcknowledgement(other)) - Number(needsAcknowledgement(one))
  if (need !== 0) return need
  const priority = rank(one.priority) - rank(other.priority)
  return priority === 0 ? Date.parse(other.raised_at) - Date.parse(one.raised_at) : priority
}

function summary(line: BoardLine, verdicts: readonly BoardVerdict[], alarms: readonly BoardAlarm[]): LineSummary {
  const standing = alarms.filter(isStanding).toSorted(byUrgency)
  const toAcknowledge = standing.filter(needsAcknowledgement)
  const ofVerdicts = verdicts.toSorted(
    (one, other) =>
      rank(conditionOf(one)) - rank(conditionOf(other)) || Date.parse(other.since) - Date.parse(one.since),
  )
  // What has returned waits for an acknowledgement in the list; the line itself is as its verdicts say.
  const active = standing.filter((alarm) => alarm.state !== 'returned')
  const [worstVerdict] = ofVerdicts
  const alarmPriority = active.reduce<Condition>((worst, alarm) => worseOf(worst, alarm.priority), 'normal')
  const condition = active.length > 0 ? alarmPriority : worstVerdict ? conditionOf(worstVerdict) : 'silent'
  // The words belong to the alarm that gives the colour.
  const shown = active.find((alarm) => alarm.priority === condition) ?? worstVerdict
  return {
    line,
    condition,
    status: shown?.status ?? null,
    ruleName: shown?.rule_name ?? null,
    since: shown === undefined ? null : 'raised_at' in shown ? shown.raised_at : shown.since,
    equipment: shown?.equipment ?? null,
    openAlarms: standing.length,
    alarmsToAcknowledge: toAcknowledge.length,
    unjudgedCount: verdicts.filter((verdict) => verdict.status === unjudged).length,
    verdictsCount: verdicts.length,
    acknowledged: active.length > 0 && !active.some(needsAcknowledgement),
  }
}

function groupByLine<Item extends { readonly line: string }>(items: Iterable<Item>): ReadonlyMap<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(item.line)
    if (group) group.push(item)
    else groups.set(item.line, [item])
  }
  return groups
}

/** Every line, the abnormal first; lines in the same condition keep the plant's order, so that a calm board never moves. */
export function lineSummaries(board: Pick<BoardState, 'lines' | 'verdicts' | 'alarms'>): LineSummary[] {
  const verdicts = groupByLine(board.verdicts.values())
  const alarms = groupByLine(board.alarms.values())
  return board.lines
    .map((line) => summary(line, verdicts.get(line.code) ?? [], alarms.get(line.code) ?? []))
    .toSorted((one, other) => urgency(one) - urgency(other))
}

/**
 * Where a line stands in the order. Acknowledged alarms of any priority come behind those that still need somebody: critical (0) moves
 * behind low (3). Silence needs nobody, as what is normal.
 */
function urgency(line: LineSummary): number {
  const base = rank(line.condition === 'silent' ? 'normal' : line.condition)
  return line.acknowledged ? base + 3.5 : base
}

/** Adopted tags of a line that once had a value and have been silent for longer than they may be. Nobody has said how often the others come. */
export function staleCount(tags: Iterable<BoardTag>, line: string, nowMs: number): number {
  let count = 0
  for (const tag of tags) {
    if (tag.line !== line || !tag.adopted || tag.at === null) continue
    if (nowMs - Date.parse(tag.at) > tag.stale_after_s * 1_000) count += 1
  }
  return count
}
