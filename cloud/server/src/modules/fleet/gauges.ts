import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { CourierFileState } from '@jidoka/contract'
import { lanes } from '@jidoka/sync-protocol'
import type { Database } from '../../platform/db/database.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { forEachTenant, Rounds } from '../../platform/rounds.ts'
import { countCommands, isOpen, shownStates, stateOfReport } from './commands-repository.ts'
import type { CommandCount } from './commands-repository.ts'
import { countWaiting } from './waiting-repository.ts'
import type { WaitingThere } from './waiting-repository.ts'

/** As often as Prometheus looks by default or oftener; each time is a few small queries a tenant. */
export const gaugesEveryMs = 30_000
const action = 'fleet.gauges'

interface Standing {
  troubles: number
  /** Null where no edge has ever been heard. */
  silent_since: string | null
  pieces: number
}

interface StagedFiles {
  state: CourierFileState
  count: number
  bytes: number
}

interface Counted {
  readonly waiting: WaitingThere
  readonly standing: Standing | undefined
  readonly files: readonly StagedFiles[]
  readonly commands: readonly CommandCount[]
}

/** Each is told even where there is no file, so that an alert on it has a series to look at. The others have ended. */
const stagedStates = ['receiving', 'checking', 'applying', 'waiting'] as const satisfies CourierFileState[]

export interface GaugeParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * Figures of the whole database, counted now and then and not for each scrape. Every process that shares a database says the same: take the largest.
 */
export function fleetGauges(parts: GaugeParts): Rounds {
  const { clock, log } = parts
  return new Rounds({
    name: 'fleet-gauges',
    everyMs: gaugesEveryMs,
    clock,
    work: () => countFleet(parts),
    failed: (error) => log.warn({ action, success: false }, `figures are as of before: ${describeError(error)}`),
  })
}

/** Where a tenant cannot be counted the figures are those of the others. */
export async function countFleet({ database, clock, log, metrics }: GaugeParts): Promise<void> {
  const counted: Counted[] = []
  const nowMs = clock.nowMs()
  await forEachTenant({ database, log, action }, async (tenantId) => {
    counted.push(await countTenant(database, tenantId, nowMs))
  })
  const standings = counted.flatMap(({ standing }) => standing ?? [])
  metrics.troublesOpen.set(standings.reduce((sum, { troubles }) => sum + troubles, 0))
  metrics.courierPieces.set(standings.reduce((sum, { pieces }) => sum + pieces, 0))
  const silentMs = standings.flatMap(({ silent_since: since }) => (since === null ? [] : [nowMs - Date.parse(since)]))
  metrics.edgeSilenceSeconds.set(Math.max(0, ...silentMs) / 1_000)
  for (const lane of lanes) {
    const its = counted.map(({ waiting }) => waiting[lane])
    metrics.waitingRows.set(
      { lane },
      its.reduce((sum, { rows }) => sum + rows, 0),
    )
    metrics.waitingOldestSeconds.set({ lane }, Math.max(0, ...its.map(({ oldestMs }) => oldestMs)) / 1_000)
  }
  const files = counted.flatMap((each) => each.files)
  for (const state of stagedStates) {
    const its = files.filter((each) => each.state === state)
    metrics.courierFiles.set(
      { state },
      its.reduce((sum, { count }) => sum + count, 0),
    )
    metrics.courierBytes.set(
      { state },
      its.reduce((sum, { bytes }) => sum + bytes, 0),
    )
  }
  const commands = counted.flatMap((each) => each.commands)
  for (const state of shownStates) {
    const its = commands.filter((each) => stateOfReport(each.state) === state)
    metrics.commands.set(
      { state },
      its.reduce((sum, { count }) => sum + count, 0),
    )
  }
  const openMs = commands.filter(({ state }) => isOpen(stateOfReport(state))).map(({ oldest_ms: ms }) => nowMs - ms)
  metrics.commandOpenSeconds.set(Math.max(0, ...openMs) / 1_000)
}

function countTenant(database: Database, tenantId: string, nowMs: number): Promise<Counted> {
  return database.withTenant(tenantId, async (tx) => {
    const [waiting, [standing], files, commands] = await Promise.all([
      countWaiting(tx, nowMs),
      tx.query<Standing>(
        `select (select count(*)::int from fleet.troubles where settled_at is null) as troubles,
           (select min(seen_at) from fleet.edges where revoked_at is null) as silent_since,
           (select count(*)::int from fleet.courier_pieces) as pieces`,
      ),
      tx.query<StagedFiles>(
        `select state, count(*)::int as count, sum(bytes)::bigint as bytes from fleet.courier_files
         where ended_at is null group by state`,
      ),
      countCommands(tx, nowMs),
    ])
    return { waiting, standing, files, commands }
  })
}
