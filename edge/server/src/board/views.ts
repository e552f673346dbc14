import type { BoardAlarm, BoardVerdict, JudgmentView } from '@jidoka/contract'
import type { Alarm, Judgment, LocalText } from '@jidoka/domain'
import type { StandingVerdict } from '../ports.ts'

/** Journal to contract: epoch milliseconds become ISO instants. */
export const instant = (ms: number): string => new Date(ms).toISOString()
export const instantOrNull = (ms: number | null): string | null => (ms === null ? null : instant(ms))

export function boardVerdict({ judgment, sinceMs }: StandingVerdict, ruleName: LocalText): BoardVerdict {
  return {
    rule_id: judgment.rule_id,
    rule_name: ruleName,
    rule_version: judgment.rule_version,
    subject: judgment.subject,
    line: judgment.line,
    equipment: judgment.equipment,
    status: judgment.status,
    normal: judgment.normal,
    confidence: judgment.confidence,
    explanation: judgment.explanation,
    judgment_id: judgment.id,
    since: instant(sinceMs),
  }
}

export function boardAlarm(alarm: Alarm, ruleName: LocalText): BoardAlarm {
  return {
    id: alarm.id,
    rule_id: alarm.rule_id,
    rule_name: ruleName,
    subject: alarm.subject,
    line: alarm.line,
    equipment: alarm.equipment,
    priority: alarm.priority,
    state: alarm.state,
    status: alarm.status,
    explanation: alarm.explanation,
    judgment_id: alarm.judgment_id,
    raised_at: instant(alarm.raised_at_ms),
    returned_at: instantOrNull(alarm.returned_at_ms),
    acknowledged_at: instantOrNull(alarm.acknowledged_at_ms),
    acknowledged_by: alarm.acknowledged_by,
  }
}

export function judgmentView({ judged_at_ms, ...judgment }: Judgment): JudgmentView {
  return { ...judgment, judged_at: instant(judged_at_ms) }
}
