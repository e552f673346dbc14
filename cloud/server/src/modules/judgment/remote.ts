import { executeRequestSchema, recentQuerySchema } from '@jidoka/contract'
import { z } from 'zod'
import { command, defineContract, query } from '../../platform/remote/contract.ts'
import type { CallsOf } from '../../platform/remote/contract.ts'
import { executionListSchema, executionSchema } from './schema.ts'
import type { JudgmentService } from './service.ts'

/** What may be asked of judgment wherever it runs. */
export const judgmentContract = defineContract('judgment', {
  recent: query(recentQuerySchema, z.object({ rows: executionListSchema, next: z.string().nullable() })),
  get: query(z.strictObject({ execution_id: z.uuid() }), executionSchema),
  // Each time is another judgment that is kept.
  execute: command(executeRequestSchema, executionSchema, { repeatable: false }),
})
export type JudgmentCalls = CallsOf<typeof judgmentContract>

export const judgmentCalls = (service: JudgmentService): JudgmentCalls => ({
  recent: ({ tenantId }, asked) => service.recent(tenantId, asked),
  get: ({ tenantId }, { execution_id: executionId }) => service.get(tenantId, executionId),
  execute: ({ tenantId }, { workflow_id: workflowId, input }) => service.execute(tenantId, { workflowId, input }),
})
