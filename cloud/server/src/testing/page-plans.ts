import type { Clock } from '@jidoka/base'
import { recentPage } from '../modules/judgment/recent-page.ts'
import type { RecentFilter } from '../modules/judgment/repository.ts'
import type { Database, Transaction } from '../platform/db/database.ts'

/** The newest page of all. */
export const noFilter: RecentFilter = {
  edgeId: null,
  line: null,
  ruleId: null,
  status: null,
  abnormal: null,
  from: null,
  to: null,
  after: null,
  limit: 50,
}

/** A step of a plan, of what `explain (format json)` says. */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly Filter?: string
  readonly Plans?: readonly PlanNode[]
}

interface ReadBy {
  readonly database: Database
  readonly clock: Clock
}

/** All steps of what PostgreSQL means to do for a page of judgments as the program reads it: as the tenant, with the policies in force. */
export async function planOfPage(
  { database, clock }: ReadBy,
  tenantId: string,
  filter: RecentFilter,
): Promise<PlanNode[]> {
  const nodes: PlanNode[] = []
  const gather = (node: PlanNode) => {
    nodes.push(node)
    node.Plans?.forEach(gather)
  }
  const explaining = (tx: Transaction): Transaction => ({
    ...tx,
    // The statement follows its explanation.
    ends: () => undefined,
    query: async (statement, values) => {
      const text = typeof statement === 'string' ? statement : statement.text
      const explained = await tx.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(`explain (format json) ${text}`, values)
      for (const row of explained) gather(row['QUERY PLAN'][0].Plan)
      return tx.query(statement, values)
    },
  })
  const read: Database['withTenant'] = (id, work) => database.withTenant(id, (tx) => work(explaining(tx)))
  const reading = { withTenant: read, reading: read, readingLagMs: database.readingLagMs }
  await recentPage({ database: reading, clock }, tenantId, filter)
  return nodes
}
