import { auditChainSchema } from '@jidoka/contract'
import { z } from 'zod'
import { defineContract, query } from '../../platform/remote/contract.ts'
import type { CallsOf } from '../../platform/remote/contract.ts'
import type { AuditChain } from './audit-chain.ts'

/** What may be asked of audit wherever it runs. Entries are not written this way: they belong into the transaction of what they tell of (ADR 0037). */
export const auditContract = defineContract('audit', {
  chain: query(z.object({}), auditChainSchema, { callers: ['gateway'] }),
})
export type AuditCalls = CallsOf<typeof auditContract>

export const auditCalls = (chain: AuditChain): AuditCalls => ({
  chain: ({ tenantId }) => chain.status(tenantId),
})
