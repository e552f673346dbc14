import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Registry } from 'prom-client'
import { Gauge } from 'prom-client'
import type { Database } from '../db/database.ts'
import { Rounds } from '../rounds.ts'
import type { TenantMover } from './mover.ts'

const everyMs = 60_000

/** A move that nobody works on goes on noting each change of its tenant, in a table that grows until it is gone on with or cancelled. */
export class MoveMetrics {
  readonly #idle: Gauge
  readonly #idleSeconds: Gauge
  readonly #changes: Gauge

  constructor(registry: Registry) {
    const of = (name: string, help: string) => new Gauge({ name, help, registers: [registry] })
    this.#idle = of('jidoka_tenant_moves_idle', 'Moves of tenants before their switch that no program works on')
    this.#idleSeconds = of(
      'jidoka_tenant_moves_idle_seconds_max',
      'For how long nobody has worked on the oldest of them',
    )
    this.#changes = of(
      'jidoka_tenant_moves_changes',
      'Changes of tenants that move which are noted and not taken over, in all databases that can be reached',
    )
  }

  async measure(mover: TenantMover, database: Database, clock: Clock): Promise<void> {
    const nowMs = clock.nowMs()
    const idleMs = (await mover.moves())
      .filter(({ step }) => step === 'copying' || step === 'following')
      .map(({ leased_until: until, begun_at: begunAt }) => nowMs - Date.parse(until ?? begunAt))
      .filter((ms) => ms >= 0)
    this.#idle.set(idleMs.length)
    this.#idleSeconds.set(Math.max(0, ...idleMs) / 1_000)
    let changes = 0
    for (const each of database.each()) {
      const [row] = await each.asOwner<{ n: number }>('select count(*)::int as n from jidoka.tenant_changes')
      changes += row?.n ?? 0
    }
    this.#changes.set(changes)
  }
}

/** @param parts.mover null where there is one database: the numbers are 0 then */
export function watchMoves({
  mover,
  database,
  clock,
  log,
  registry,
}: {
  readonly mover: TenantMover | null
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly registry: Registry
}): Rounds[] {
  const metrics = new MoveMetrics(registry)
  if (mover === null) return []
  return [
    new Rounds({
      name: 'tenants.measure',
      everyMs,
      clock,
      work: () => metrics.measure(mover, database, clock),
      failed: (error) => log.warn({ action: 'tenants.measure', success: false }, describeError(error)),
    }),
  ]
}
