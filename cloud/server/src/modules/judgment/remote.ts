import { recentQuerySchema } from '@jidoka/contract'
import { z } from 'zod'
import { defineContract, query } from '../../platform/remote/contract.ts'
import type { CallsOf } from '../../platform/remote/contract.ts'
import { executionListSchema } from './schema.ts'
import type { JudgmentService } from './service.ts'

/** What may be asked of judgment wherever it runs. */
export const judgmentContract = defineContract('judgment', {
  recent: query(recentQuerySchema, z.object({ rows: executionListSchema, next: z.string().nullable() }), {
    callers: ['gateway'],
  }),
})
export type JudgmentCalls = CallsOf<typeof judgmentContract>

export const judgmentCalls = (service: JudgmentService): JudgmentCalls => ({
  recent: ({ tenantId }, asked) => service.recent(tenantId, asked),
})
