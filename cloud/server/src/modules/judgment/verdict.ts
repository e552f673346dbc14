import { isNormal } from '@jidoka/domain'
import type { Value } from '@jidoka/domain'
import type { CachePort } from '../../platform/cache/port.ts'
import type { Transaction } from '../../platform/db/database.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import type { CachedVerdict } from './caches.ts'
import { ruleCache, tagOfRule, verdictCache, verdictKey } from './caches.ts'
import { findRuleOfWorkflow } from './rule-repository.ts'
import type { RuleRunner } from './rule-runner.ts'

/**
 * What the newest version of a workflow's rule makes of an input, or made of the very same input a moment ago. A rule sees nothing but its input, so that both are the
 * same verdict; `method` says which it was, and every judgment is kept on its own with the rule's hash and what the rule saw (I3).
 * @throws ProblemError `not_found`
 */
export async function verdictOf(
  { cache, runner, nowMs }: { cache: CachePort; runner: RuleRunner; nowMs: number },
  tx: Transaction,
  { workflowId, input }: { workflowId: string; input: Readonly<Record<string, Value>> },
): Promise<{ verdict: CachedVerdict; method: 'rule' | 'cache' }> {
  let method: 'rule' | 'cache' = 'cache'
  const verdict = await cache.read(
    { kind: verdictCache, tenantId: tx.tenantId, key: verdictKey(workflowId, input), tags: [tagOfRule(workflowId)] },
    async (): Promise<CachedVerdict | null> => {
      method = 'rule'
      const tags = [tagOfRule(workflowId)]
      const rules = await cache.readLocal(
        { kind: ruleCache, tenantId: tx.tenantId, keys: [workflowId], tags },
        async () => {
          const found = await findRuleOfWorkflow(tx, workflowId)
          return new Map(found === null ? [] : [[workflowId, found]])
        },
      )
      const rule = rules.get(workflowId)
      if (rule === undefined) return null
      const { definition, hash } = rule
      const judged = runner.run(definition, input, nowMs)
      return {
        ...judged,
        rule_id: definition.id,
        rule_version: definition.version,
        rule_hash: hash,
        normal: isNormal(definition, judged.status),
      }
    },
  )
  if (verdict === null)
    throw new ProblemError('not_found', `There is no workflow ${workflowId}. A rule's workflow has the rule's id.`)
  // What was given was given now, whenever the verdict was first made.
  const inputs = Object.fromEntries(
    Object.entries(verdict.inputs).map(([name, seen]) => [
      name,
      { ...seen, at_ms: seen.at_ms === null ? null : nowMs },
    ]),
  )
  return { verdict: { ...verdict, inputs }, method }
}
