import type { LocalText } from '@jidoka/domain'
import type { Transaction } from '../../platform/db/database.ts'
import { storableJson } from '../../platform/db/storable.ts'
import type { RuleRow } from './schema.ts'

const current = `select r.rule_id, r.version, s.definition, s.hash, s.changed_at, s.changed_by
  from core.rulesets r join core.rule_scripts s on s.rule_id = r.rule_id and s.version = r.version`

export async function listRules(
  tx: Transaction,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<RuleRow[]> {
  return tx.query<RuleRow>(`${current} where $1::text is null or r.rule_id > $1 order by r.rule_id limit $2`, [
    after,
    limit,
  ])
}

export async function findRule(tx: Transaction, ruleId: string): Promise<RuleRow | null> {
  return (await tx.query<RuleRow>(`${current} where r.rule_id = $1`, [ruleId]))[0] ?? null
}

/** The rule that a workflow judges with. */
export async function findRuleOfWorkflow(tx: Transaction, workflowId: string): Promise<RuleRow | null> {
  return (
    (
      await tx.query<RuleRow>(`${current} join core.workflows w on w.rule_id = r.rule_id where w.id = $1`, [workflowId])
    )[0] ?? null
  )
}

export async function ruleNames(tx: Transaction): Promise<Map<string, LocalText>> {
  const rows = await tx.query<{ rule_id: string; name: LocalText }>(
    `select r.rule_id, s.definition -> 'name' as name from core.rulesets r join core.rule_scripts s on s.rule_id = r.rule_id and s.version = r.version`,
  )
  return new Map(rows.map(({ rule_id, name }) => [rule_id, name]))
}

/**
 * Writes the next version of a rule if the newest is the one that it is based on (0: there is none).
 * @returns false when somebody else was faster
 */
export async function writeRule(tx: Transaction, row: RuleRow, basedOnVersion: number): Promise<boolean> {
  const written =
    basedOnVersion === 0
      ? await tx.run(
          'insert into core.rulesets (tenant_id, rule_id, version) values ($1, $2, $3) on conflict do nothing',
          [tx.tenantId, row.rule_id, row.version],
        )
      : await tx.run('update core.rulesets set version = $3 where rule_id = $1 and version = $2', [
          row.rule_id,
          basedOnVersion,
          row.version,
        ])
  if (written !== 1) return false
  await tx.run(
    'insert into core.rule_scripts (tenant_id, rule_id, version, definition, hash, changed_at, changed_by) values ($1, $2, $3, $4, $5, $6, $7)',
    [tx.tenantId, row.rule_id, row.version, storableJson(row.definition), row.hash, row.changed_at, row.changed_by],
  )
  if (basedOnVersion === 0)
    await tx.run('insert into core.workflows (tenant_id, id, rule_id) values ($1, $2, $2)', [tx.tenantId, row.rule_id])
  return true
}
