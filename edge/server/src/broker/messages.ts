import type { alarmMessageSchema, judgmentMessageSchema } from '@jidoka/contract'
import type { Alarm, Judgment } from '@jidoka/domain'
import type { z } from 'zod'

export function verdictMessage(judgment: Judgment): z.infer<typeof judgmentMessageSchema> {
  return {
    judgment_id: judgment.id,
    rule_id: judgment.rule_id,
    subject: judgment.subject,
    status: judgment.status,
    confidence: judgment.confidence,
    explanation: judgment.explanation,
    judged_at: new Date(judgment.judged_at_ms).toISOString(),
  }
}

export function alarmMessage(alarm: Alarm): z.infer<typeof alarmMessageSchema> {
  return {
    alarm_id: alarm.id,
    rule_id: alarm.rule_id,
    subject: alarm.subject,
    priority: alarm.priority,
    state: alarm.state,
    status: alarm.status,
    changed_at: new Date(alarm.changed_at_ms).toISOString(),
  }
}
