import { uuidv7 } from '@jidoka/base'
import { alarmPriorities, alarmStep } from '@jidoka/domain'
import type { Alarm, AlarmAction, Judgment } from '@jidoka/domain'
import type { AlarmOutcome } from '../ports.ts'

const pair = (ruleId: string, subject: string): string => `${ruleId}\n${subject}`

/** Told of every change; it becomes a record of the same commit. */
export type AlarmSink = (alarm: Alarm) => void

/**
 * The alarms that have not ended: at most one for a rule at a subject. Every change of state goes through `alarmStep`
 * (ISA-18.2); what the table refuses does not happen.
 */
export class AlarmBook {
  readonly #byId = new Map<string, Alarm>()
  readonly #byPair = new Map<string, Alarm>()

  load(alarms: Iterable<Alarm>): void {
    this.#byId.clear()
    this.#byPair.clear()
    for (const alarm of alarms) this.#keep(alarm)
  }

  open(ruleId: string, subject: string): Alarm | undefined {
    return this.#byPair.get(pair(ruleId, subject))
  }

  /**
   * The standing verdict has a status that alarms. Raises, lets recur, or brings the open alarm up to date.
   * An acknowledged alarm that becomes more urgent ends and a new one is raised: what somebody acknowledged was less.
   * One that nobody has acknowledged keeps the worst that it was: what came and went is what they must hear of.
   */
  activate(judgment: Judgment, priority: Alarm['priority'], nowMs: number, tell: AlarmSink): void {
    const open = this.open(judgment.rule_id, judgment.subject)
    const now = {
      priority,
      status: judgment.status,
      explanation: judgment.explanation,
      judgment_id: judgment.id,
      changed_at_ms: nowMs,
    }
    if (open === undefined) {
      this.#tell(tell, {
        id: uuidv7(),
        rule_id: judgment.rule_id,
        subject: judgment.subject,
        line: judgment.line,
        equipment: judgment.equipment,
        state: 'unacknowledged',
        raised_at_ms: nowMs,
        returned_at_ms: null,
        acknowledged_at_ms: null,
        acknowledged_by: null,
        ...now,
      })
      return
    }
    const urgency = alarmPriorities.indexOf(open.priority) - alarmPriorities.indexOf(priority)
    if (open.state === 'returned') {
      const change = urgency < 0 ? { changed_at_ms: nowMs } : now
      this.#step(open, 'recur', { ...change, returned_at_ms: null }, tell)
      return
    }
    if (open.status === judgment.status && open.priority === priority) return
    if (open.state === 'unacknowledged' && urgency < 0) return
    if (open.state === 'acknowledged' && urgency > 0) {
      this.#step(open, 'return', { changed_at_ms: nowMs, returned_at_ms: nowMs }, tell)
      this.activate(judgment, priority, nowMs, tell)
      return
    }
    this.#tell(tell, { ...open, ...now })
  }

  /** The process is no longer in alarm there. True when an alarm has returned with it, which begins the cool-down. */
  return(ruleId: string, subject: string, nowMs: number, tell: AlarmSink): boolean {
    const open = this.open(ruleId, subject)
    if (open === undefined) return false
    return this.#step(open, 'return', { changed_at_ms: nowMs, returned_at_ms: nowMs }, tell) !== null
  }

  /** What a person does with an alarm. */
  act(id: string, action: AlarmAction, actor: string, nowMs: number, tell: AlarmSink): AlarmOutcome {
    const open = this.#byId.get(id)
    if (open === undefined) return { unknown: true }
    const step = alarmStep(open.state, action)
    if ('refused' in step) return { refused: step.refused }
    const signed = action === 'acknowledge' ? { acknowledged_at_ms: nowMs, acknowledged_by: actor } : {}
    // Back from the shelf it is unacknowledged: whoever acknowledged it before did so for what it was then.
    const unsigned = step.to === 'unacknowledged' ? { acknowledged_at_ms: null, acknowledged_by: null } : {}
    const changed = { ...open, ...signed, ...unsigned, state: step.to, changed_at_ms: nowMs }
    this.#tell(tell, changed)
    return { done: changed }
  }

  #step(open: Alarm, action: AlarmAction, change: Partial<Alarm>, tell: AlarmSink): Alarm | null {
    const step = alarmStep(open.state, action)
    if ('refused' in step) return null
    const unsigned = step.to === 'unacknowledged' ? { acknowledged_at_ms: null, acknowledged_by: null } : {}
    const changed: Alarm = { ...open, ...change, ...unsigned, state: step.to }
    this.#tell(tell, changed)
    return changed
  }

  #tell(tell: AlarmSink, alarm: Alarm): void {
    this.#keep(alarm)
    tell(alarm)
  }

  #keep(alarm: Alarm): void {
    const key = pair(alarm.rule_id, alarm.subject)
    if (alarm.state === 'cleared') {
      this.#byId.delete(alarm.id)
      this.#byPair.delete(key)
    } else {
      this.#byId.set(alarm.id, alarm)
      this.#byPair.set(key, alarm)
    }
  }
}
