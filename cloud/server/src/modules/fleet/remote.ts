import { deployRuleSchema, fleetStateSchema } from '@jidoka/contract'
import { ruleDefinitionSchema } from '@jidoka/domain'
import { z } from 'zod'
import { command, defineContract, query } from '../../platform/remote/contract.ts'
import type { CallsOf } from '../../platform/remote/contract.ts'
import type { Overview } from './overview.ts'
import type { FleetService } from './service.ts'

const nothing = z.object({})

/** What may be asked of fleet wherever it runs. */
export const fleetContract = defineContract('fleet', {
  state: query(nothing, fleetStateSchema, { callers: ['gateway'] }),
  // Twice would leave the edges as they are, and stand in the audit twice.
  deployRule: command(deployRuleSchema.extend({ definition: ruleDefinitionSchema }), nothing, {
    repeatable: false,
    callers: ['judgment'],
  }),
})
export type FleetCalls = CallsOf<typeof fleetContract>

export const fleetCalls = ({ service, overview }: { service: FleetService; overview: Overview }): FleetCalls => ({
  state: ({ tenantId }) => overview.state(tenantId),
  deployRule: async ({ tenantId, by }, { edge_ids: edgeIds, definition }) => {
    await service.deployRule(tenantId, { edgeIds, definition, by })
    return {}
  },
})
