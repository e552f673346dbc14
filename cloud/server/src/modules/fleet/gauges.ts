import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { CourierFileState } from '@jidoka/contract'
import type { Database } from '../../platform/db/database.ts'
import { allTenantsOf } from '../../platform/db/tenants.ts'
import type { Metrics } from '../../platform/metrics.ts'

/** As often as Prometheus looks by default or oftener; each time is one small query a tenant. */
export const gaugesEveryMs = 30_000

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

/** Each is told even where there is no file, so that an alert on it has a series to look at. The others have ended. */
const stagedStates = ['receiving', 'checking', 'applying', 'waiting'] as const satisfies CourierFileState[]

/**
 * Figures of the whole database, counted now and then and not for each scrape. Every process that shares a database says the same: take the largest.
 */
export class FleetGauges implements Service {
  readonly name = 'fleet-gauges'
  readonly #parts: { database: Database; clock: Clock; log: Log; metrics: Metrics }
  #cancel: () => void = () => undefined
  #working: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(parts: { database: Database; clock: Clock; log: Log; metrics: Metrics }) {
    this.#parts = parts
  }

  start(): Promise<void> {
    this.#again()
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#working
  }

  #again(): void {
    if (this.#stopped) return
    const { clock, log } = this.#parts
    this.#cancel = clock.after(gaugesEveryMs, () => {
      this.#working = this.count()
        .catch((error: unknown) =>
          log.warn({ action: 'fleet.gauges', success: false }, `figures are as of before: ${describeError(error)}`),
        )
        .then(() => this.#again())
    })
  }

  async count(): Promise<void> {
    const { database, clock, metrics } = this.#parts
    let [troubles, pieces, silentMs] = [0, 0, 0]
    const staged = new Map(stagedStates.map((state): [string, StagedFiles] => [state, { state, count: 0, bytes: 0 }]))
    for (const tenantId of await allTenantsOf(database)) {
      const found = await this.#countOf(tenantId)
      if (found === null) continue
      const { standing, files } = found
      for (const { state, count, bytes } of files) {
        const sum = staged.get(state)
        if (sum === undefined) continue
        sum.count += count
        sum.bytes += bytes
      }
      if (standing === undefined) continue
      troubles += standing.troubles
      pieces += standing.pieces
      if (standing.silent_since !== null)
        silentMs = Math.max(silentMs, clock.nowMs() - Date.parse(standing.silent_since))
    }
    metrics.troublesOpen.set(troubles)
    metrics.courierPieces.set(pieces)
    for (const { state, count, bytes } of staged.values()) {
      metrics.courierFiles.set({ state }, count)
      metrics.courierBytes.set({ state }, bytes)
    }
    metrics.edgeSilenceSeconds.set(silentMs / 1_000)
  }

  /** Null where a tenant cannot be counted now: the figures are those of the others. */
  async #countOf(tenantId: string): Promise<{ standing: Standing | undefined; files: StagedFiles[] } | null> {
    const { database, log } = this.#parts
    try {
      return await database.withTenant(tenantId, async (tx) => {
        const [its] = await tx.query<Standing>(
          `select (select count(*)::int from fleet.troubles where settled_at is null) as troubles,
             (select min(seen_at) from fleet.edges where revoked_at is null) as silent_since,
             (select count(*)::int from fleet.courier_pieces) as pieces`,
        )
        return {
          standing: its,
          files: await tx.query<StagedFiles>(
            `select state, count(*)::int as count, sum(bytes)::bigint as bytes from fleet.courier_files
             where ended_at is null group by state`,
          ),
        }
      })
    } catch (error) {
      log.warn({ action: 'fleet.gauges', success: false, tenant: tenantId }, `not counted: ${describeError(error)}`)
      return null
    }
  }
}
