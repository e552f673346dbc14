import { createHash } from 'node:crypto'
import { canonicalJson } from '@jidoka/base'
import { judgmentSchema, localTextSchema, unjudged } from '@jidoka/domain'
import type { Value } from '@jidoka/domain'
import { z } from 'zod'
import type { CacheKind, CachePort } from '../../platform/cache/port.ts'
import type { Consumer } from '../../platform/events/consumer.ts'
import type { RuleRow } from './schema.ts'

/** What a rule made of an input, without what is of one judgment alone. */
const verdictSchema = judgmentSchema.pick({
  rule_id: true,
  rule_version: true,
  rule_hash: true,
  status: true,
  normal: true,
  confidence: true,
  explanation: true,
  inputs: true,
})
export type CachedVerdict = z.infer<typeof verdictSchema>

/** REFERENCE: `judgment:cache:{workflow_id}:{input_hash}`, 300 s, dropped when a rule is deployed. */
export const verdictCache: CacheKind<CachedVerdict> = {
  name: 'judgment:cache',
  schema: verdictSchema,
  ttlMs: 300_000,
  /** A workflow that is not there is asked for again and again by a program that has its name wrong. */
  nothingTtlMs: 30_000,
  // A rule that ran out of its time may be in time the next time.
  isKept: ({ status }) => status !== unjudged,
}

export const verdictKey = (workflowId: string, input: Readonly<Record<string, Value>>): string =>
  `${workflowId}:${createHash('sha256').update(canonicalJson(input)).digest('hex')}`

/** What a workflow judges with, as it comes from the database; in the process alone. */
export const ruleCache: CacheKind<RuleRow> = { name: 'judgment:rule', schema: z.custom<RuleRow>(), ttlMs: 60_000 }

/** By rule. All of a tenant in one value: a board shows most of them. */
export const ruleNamesCache: CacheKind<Readonly<Record<string, z.infer<typeof localTextSchema>>>> = {
  name: 'judgment:rule-names',
  schema: z.record(z.string(), localTextSchema),
  ttlMs: 300_000,
}

/** Names of edges are given at their enrolment and stay. */
export const edgeNamesCache: CacheKind<string> = { name: 'judgment:edge-name', schema: z.string(), ttlMs: 60_000 }

export const rulesTag = 'rules'
/** Of everything that came from a version of a rule; its workflow has the same id. */
export const tagOfRule = (ruleId: string): string => `rule:${ruleId}`
export const tagsOfRule = (ruleId: string): string[] => [tagOfRule(ruleId), rulesTag]

/** Drops what is cached of a rule when another version is deployed: must not be missed, or verdicts of the old one go on until they end. */
export function ruleDeployedConsumer(cache: CachePort): Consumer {
  return {
    name: 'judgment.cache',
    handle: (tx, { payload }) => Promise.resolve(cache.drop(tx.tenantId, tagsOfRule(payload.rule_id))),
  }
}
