import { createLog, ManualClock } from '@jidoka/base'
import type { Execution } from '@jidoka/contract'
import { expect, it } from 'vitest'
import { DatabaseUnavailableError } from '../../platform/db/unavailable.ts'
import { ModuleUnavailableError } from '../../platform/remote/unavailable.ts'
import { fetchDashboard, partMsMax } from './parts.ts'
import type { ModuleCalls } from './parts.ts'

const log = createLog('test', { level: 'silent' })
const state = {
  online: 1,
  silent: 0,
  revoked: 0,
  silent_names: [],
  open_alarms: 0,
  open_troubles: 0,
  pending_items: 0,
}
const caller = { tenantId: 'demo', login: 'kim', role: 'viewer' } as const
const rows: Execution[] = []

/** Calls whose judgments end as told; fleet answers. */
const callsOf = (recent: ModuleCalls['judgment']['recent']) =>
  ({ judgment: { recent }, fleet: { state: () => Promise.resolve(state) } }) as unknown as ModuleCalls

async function reasonOf(recent: ModuleCalls['judgment']['recent']): Promise<unknown> {
  const { judgments, fleet, unavailable } = await fetchDashboard(
    { calls: callsOf(recent), clock: new ManualClock(), log },
    caller,
    'r',
  )
  expect([judgments, fleet]).toEqual([null, state])
  return unavailable[0]
}

it('a part that there is comes, one of a later release is named, and one that the caller may not see too', async () => {
  const parts = { calls: callsOf(() => Promise.resolve({ rows, next: null })), clock: new ManualClock(), log }
  expect(await fetchDashboard(parts, caller, 'r')).toEqual({
    judgments: [],
    bi_widgets: null,
    active_workflows: null,
    fleet: state,
    audit: null,
    unavailable: [
      { part: 'bi_widgets', module: 'bi', reason: 'not_permitted' },
      { part: 'active_workflows', module: 'workflow', reason: 'not_installed' },
      { part: 'audit', module: 'audit', reason: 'not_permitted' },
    ],
  })
})

it.each([
  ['a module that does not answer', new ModuleUnavailableError('judgment', 'down'), 'down'],
  ['a module that is not asked any more', new ModuleUnavailableError('judgment', 'open'), 'down'],
  ['a module that has its own limit', new ModuleUnavailableError('judgment', 'slow'), 'slow'],
  ['a database that is away', new DatabaseUnavailableError('it is away'), 'down'],
  ['a mistake', new TypeError('x is undefined'), 'failed'],
])('%s is named, is null and not empty, and the rest still comes', async (_what, error, reason) => {
  expect(await reasonOf(() => Promise.reject(error))).toEqual({ part: 'judgments', module: 'judgment', reason })
})

it('a part that takes longer than its limit is left out, is told to stop, and the rest was not held up by it', async () => {
  const clock = new ManualClock()
  let wasTold = false
  const calls = callsOf(({ signal }) => new Promise(() => signal?.addEventListener('abort', () => (wasTold = true))))
  const answer = fetchDashboard({ calls, clock, log }, caller, 'r')
  clock.advance(partMsMax)
  expect(await answer).toMatchObject({
    judgments: null,
    fleet: state,
    unavailable: expect.arrayContaining([{ part: 'judgments', module: 'judgment', reason: 'slow' }]),
  })
  expect(wasTold).toBe(true)
})
