import { deployRuleSchema, fleetStateSchema } from '@jidoka/contract'
import type { EdgeSummary, FleetState } from '@jidoka/contract'
import { ruleDefinitionSchema } from '@jidoka/domain'
import { z } from 'zod'
import { command, defineContract, query } from '../../platform/remote/contract.ts'
import type { CallsOf } from '../../platform/remote/contract.ts'
import type { Overview } from './overview.ts'
import type { FleetService } from './service.ts'

const nothing = z.object({})
const silentNamesMax = 10

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
  state: async ({ tenantId }) => stateOf(await overview.allEdges(tenantId)),
  deployRule: async ({ tenantId, by }, { edge_ids: edgeIds, definition }) => {
    await service.deployRule(tenantId, { edgeIds, definition, by })
    return {}
  },
})

function stateOf(edges: readonly EdgeSummary[]): FleetState {
  const count = (state: EdgeSummary['state']) => edges.filter((edge) => edge.state === state).length
  const sum = (of: 'open_alarms' | 'open_troubles' | 'pending_items') =>
    edges.reduce((total, edge) => total + (edge.state === 'revoked' ? 0 : edge[of]), 0)
  const silent = edges
    .filter(({ state }) => state === 'silent')
    .toSorted((left, right) => (left.seen_at ?? '').localeCompare(right.seen_at ?? ''))
  return {
    online: count('online'),
    silent: silent.length,
    revoked: count('revoked'),
    silent_names: silent.slice(0, silentNamesMax).map(({ name }) => name),
    open_alarms: sum('open_alarms'),
    open_troubles: sum('open_troubles'),
    pending_items: sum('pending_items'),
  }
}
