import type { AlarmPriority } from '@jidoka/domain'

/**
 * What a place is in, the worst first. `abnormal`: a verdict that is not normal and raises no alarm. `unjudged`: a required input was
 * missing or stale. `silent`: nothing has been judged there yet.
 */
export const conditions = ['critical', 'high', 'medium', 'low', 'abnormal', 'unjudged', 'silent', 'normal'] as const
export type Condition = AlarmPriority | 'abnormal' | 'unjudged' | 'silent' | 'normal'

export function worseOf(one: Condition, other: Condition): Condition {
  return conditions.indexOf(one) <= conditions.indexOf(other) ? one : other
}
