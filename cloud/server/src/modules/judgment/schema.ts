import { cloudRuleSchema, executionSchema } from '@jidoka/contract'
import type { Execution } from '@jidoka/contract'
import type { AlarmPriority, AlarmState, RuleDefinition } from '@jidoka/domain'
import { ruleIdSchema } from '@jidoka/domain'
import { z } from 'zod'

export const executionListSchema = z.array(executionSchema)
export const ruleListSchema = z.array(cloudRuleSchema)
export const ruleParamsSchema = z.object({ id: ruleIdSchema })
export const executionParamsSchema = z.object({ id: z.uuid() })
export { cloudRuleSchema, executionSchema }

export type ExecutionRow = Omit<Execution, 'edge_name'>

export interface RuleRow {
  rule_id: string
  version: number
  definition: RuleDefinition
  hash: string
  changed_at: string
  changed_by: string
}

export interface VerdictRow {
  edge_id: string
  rule_id: string
  rule_version: number
  subject: string
  line: string
  equipment: string | null
  status: string
  normal: boolean
  confidence: number
  explanation: string | null
  judgment_id: string
  since: string
}

export interface AlarmRow {
  edge_id: string
  id: string
  rule_id: string
  subject: string
  line: string
  equipment: string | null
  priority: AlarmPriority
  state: AlarmState
  status: string
  explanation: string | null
  judgment_id: string
  raised_at: string
  returned_at: string | null
  acknowledged_at: string | null
  acknowledged_by: string | null
}
