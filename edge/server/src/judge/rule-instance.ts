import { unjudged } from '@jidoka/domain'
import type { Judgment, RuleDefinition } from '@jidoka/domain'
import type { Run } from './hysteresis.ts'
import { judgeLimits } from './limits.ts'
import { OpenRun } from './open-run.ts'
import type { PreparedRule } from './rule-runner.ts'

/** A rule at one subject: what stands there, and how far it has counted. */
export interface Slot extends Run {
  readonly rule: RuleInstance
  readonly subject: string
  readonly line: string
  readonly equipment: string | null
  /** The last verdict's status, before hysteresis. */
  rawStatus: string | null
  /** When the second began in which records that repeat the verdict before are counted, and how many there were. */
  recordedAtMs: number
  recordsInSecond: number
  /** Until when no new alarm is raised here. */
  coolDownUntilMs: number
  judgment: Judgment | null
  sinceMs: number
  readonly run: OpenRun
}

export type RuleState = 'in_force' | 'quarantined' | 'disabled'

/** A rule that was deployed, in force or not. */
export interface RuleInstance {
  readonly definition: RuleDefinition
  readonly hash: string
  /** Null while the rule is disabled or quarantined. */
  prepared: PreparedRule | null
  readonly fastPath: boolean
  state: RuleState
  problem: string | null
  verdictsTotal: number
  /** Failures that verdicts have not yet made good; see `verdictsPerStrikeOff`. */
  strikes: number
  /** Verdicts since the last strike came or went. */
  verdictsSinceStrike: number
  readonly slots: Map<string, Slot>
}

/** A verdict was made by a rule that has strikes. */
export function takeStrikeOff(rule: RuleInstance): void {
  rule.verdictsSinceStrike++
  if (rule.verdictsSinceStrike < judgeLimits.verdictsPerStrikeOff) return
  rule.verdictsSinceStrike = 0
  rule.strikes--
}

export function newInstance(
  definition: RuleDefinition,
  hash: string,
  prepared: PreparedRule | null,
  fastPath: boolean,
): RuleInstance {
  return {
    definition,
    hash,
    prepared,
    fastPath,
    state: definition.enabled ? 'in_force' : 'disabled',
    problem: null,
    verdictsTotal: 0,
    strikes: 0,
    verdictsSinceStrike: 0,
    slots: new Map(),
  }
}

export function newSlot(rule: RuleInstance, subject: string, line: string, equipment: string | null): Slot {
  return {
    rule,
    subject,
    line,
    equipment,
    settledStatus: null,
    standingStatus: null,
    candidateStatus: null,
    candidateCount: 0,
    rawStatus: null,
    recordedAtMs: 0,
    recordsInSecond: 0,
    coolDownUntilMs: 0,
    judgment: null,
    sinceMs: 0,
    run: new OpenRun(),
  }
}

/** The slot of a rule at a subject, made when there is none. */
export function slotOf(rule: RuleInstance, subject: string, line: string, equipment: string | null): Slot {
  const known = rule.slots.get(subject)
  if (known !== undefined) return known
  const slot = newSlot(rule, subject, line, equipment)
  rule.slots.set(subject, slot)
  return slot
}

/** Whether a verdict of the rule itself stands there. */
export const isJudged = (slot: Slot): boolean => slot.standingStatus !== null && slot.standingStatus !== unjudged
