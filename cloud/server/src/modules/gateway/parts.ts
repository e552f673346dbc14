import { describeError } from '@jidoka/base'
import type { Clock, Log } from '@jidoka/base'
import type { AbsenceReason, Dashboard, DashboardPart } from '@jidoka/contract'
import type { Permission } from '@jidoka/domain'
import { may } from '@jidoka/domain'
import type { Caller } from '../../platform/http/env.ts'
import { toHttpProblem } from '../../platform/http/problem.ts'
import type { CallFor } from '../../platform/remote/contract.ts'
import { ModuleUnavailableError } from '../../platform/remote/unavailable.ts'
import type { AuditCalls } from '../audit/remote.ts'
import type { FleetCalls } from '../fleet/remote.ts'
import type { IdentityCalls } from '../identity/remote.ts'
import type { JudgmentCalls } from '../judgment/remote.ts'

/** What the gateway asks, wherever it runs. */
export interface ModuleCalls {
  readonly identity: IdentityCalls
  readonly fleet: FleetCalls
  readonly judgment: JudgmentCalls
  readonly audit: AuditCalls
}

/** Rows of a dashboard: what one screen shows. */
const judgmentsShown = 20

interface Part<Name extends DashboardPart> {
  readonly module: string
  readonly permission: Permission
  /** Whoever looks waits this long for the slowest part; what comes later is named and left out. */
  readonly msMax: number
  /** Null: the module is not in this release. */
  readonly read: ((calls: ModuleCalls, on: CallFor) => Promise<NonNullable<Dashboard[Name]>>) | null
}

/** Two seconds: a person who waits longer reloads, which is one request more for what is slow already. */
export const partMsMax = 2_000

const parts: { readonly [Name in DashboardPart]: Part<Name> } = {
  judgments: {
    module: 'judgment',
    permission: 'judgment:read',
    msMax: partMsMax,
    read: async ({ judgment }, on) => (await judgment.recent(on, { limit: judgmentsShown })).rows,
  },
  bi_widgets: { module: 'bi', permission: 'bi:query', msMax: partMsMax, read: null },
  active_workflows: { module: 'workflow', permission: 'judgment:read', msMax: partMsMax, read: null },
  fleet: { module: 'fleet', permission: 'fleet:read', msMax: partMsMax, read: ({ fleet }, on) => fleet.state(on, {}) },
  audit: { module: 'audit', permission: 'audit:read', msMax: partMsMax, read: ({ audit }, on) => audit.chain(on, {}) },
}

/** A dashboard before its sentences: the same for whoever reads which language. */
export type Fetched = Omit<Dashboard, 'unavailable'> & {
  readonly unavailable: { part: DashboardPart; module: string; reason: AbsenceReason }[]
}

export interface FetchParts {
  readonly calls: ModuleCalls
  readonly clock: Clock
  readonly log: Log
}

/** All parts at once, each within its time. One that fails is null and named, and never an empty list. */
export async function fetchDashboard(
  { calls, clock, log }: FetchParts,
  caller: Pick<Caller, 'tenantId' | 'login' | 'role'>,
  requestId: string,
): Promise<Fetched> {
  const unavailable: Fetched['unavailable'] = []
  const fetch = async <Name extends DashboardPart>(name: Name): Promise<Dashboard[Name] | null> => {
    const { module, permission, msMax, read }: Part<Name> = parts[name]
    const isAbsent = (reason: AbsenceReason) => {
      unavailable.push({ part: name, module, reason })
      return null
    }
    if (!may(caller.role, permission)) return isAbsent('not_permitted')
    if (read === null) return isAbsent('not_installed')
    const late = new AbortController()
    const on = { tenantId: caller.tenantId, by: caller.login, requestId, signal: late.signal }
    try {
      return await within(clock, msMax, late, () => read(calls, on))
    } catch (error) {
      const reason = late.signal.aborted ? 'slow' : reasonOf(error)
      // Of a module elsewhere the client has said it, once; of one that is spared nobody needs to hear with each dashboard.
      if (!(error instanceof ModuleUnavailableError))
        log.warn({ action: 'dashboard.part', module, success: false, requestId }, `${reason}: ${describeError(error)}`)
      return isAbsent(reason)
    }
  }
  const [judgments, biWidgets, activeWorkflows, fleet, audit] = await Promise.all([
    fetch('judgments'),
    fetch('bi_widgets'),
    fetch('active_workflows'),
    fetch('fleet'),
    fetch('audit'),
  ])
  const order = Object.keys(parts)
  unavailable.sort((left, right) => order.indexOf(left.part) - order.indexOf(right.part))
  return { judgments, bi_widgets: biWidgets, active_workflows: activeWorkflows, fleet, audit, unavailable }
}

function reasonOf(error: unknown): AbsenceReason {
  if (error instanceof ModuleUnavailableError) return error.absence === 'slow' ? 'slow' : 'down'
  return toHttpProblem(error, '').body.kind === 'unavailable' ? 'down' : 'failed'
}

/** @throws what `work` throws, or an error once `late` is aborted: work in this process cannot be stopped, and is not waited for */
export async function within<Result>(
  clock: Clock,
  msMax: number,
  late: AbortController,
  work: () => Promise<Result>,
): Promise<Result> {
  const timeUp = Promise.withResolvers<never>()
  const cancel = clock.after(msMax, () => {
    late.abort()
    timeUp.reject(new Error(`no answer within ${msMax} ms`))
  })
  try {
    return await Promise.race([work(), timeUp.promise])
  } finally {
    cancel()
  }
}
