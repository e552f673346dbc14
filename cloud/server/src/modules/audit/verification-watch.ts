import { describeError } from '@jidoka/base'
import type { Clock, Log } from '@jidoka/base'
import type { Database } from '../../platform/db/database.ts'
import { tenantsAndUnreached } from '../../platform/db/tenants.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { Rounds } from '../../platform/rounds.ts'
import { lastVerification } from './chain-repository.ts'

export const lookEveryMs = 600_000
const action = 'audit.watch'

export interface WatchParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

interface Standing {
  /** When its log was verified last; of one that never was, when this process first saw it: the time grows where nobody verifies. */
  readonly verifiedMs: number
  readonly isChanged: boolean
}

/** Says in figures and at /ready what the last verification of each tenant found, whichever process made it. */
export class VerificationWatch extends Rounds {
  #standings = new Map<string, Standing>()

  constructor(parts: WatchParts) {
    const { clock, log } = parts
    super({
      name: 'audit-verification',
      everyMs: lookEveryMs,
      clock,
      work: () => this.#round(parts),
      failed: (error) => log.error({ action, success: false }, describeError(error)),
    })
  }

  /** How many tenants' logs were found changed. */
  get changed(): number {
    return [...this.#standings.values()].filter(({ isChanged }) => isChanged).length
  }

  async #round({ database, clock, log, metrics }: WatchParts): Promise<void> {
    const before = this.#standings
    const { tenants, unreached } = await tenantsAndUnreached(database)
    // Of a database that does not answer nothing is known, not even whose it is: who was there stands as they stood. A finding is not taken back by that.
    const standings = new Map(unreached.length > 0 ? before : [])
    for (const tenantId of tenants) {
      if (this.isStopping) return
      const known = before.get(tenantId) ?? { verifiedMs: clock.nowMs(), isChanged: false }
      try {
        const last = await database.withTenant(tenantId, lastVerification)
        const standing = last && { verifiedMs: Date.parse(last.verified_at), isChanged: last.findings.length > 0 }
        standings.set(tenantId, standing ?? known)
      } catch (error) {
        log.error({ action, success: false, tenant: tenantId }, describeError(error))
        standings.set(tenantId, known)
      }
    }
    this.#standings = standings
    metrics.auditBroken.set(this.changed)
    const nowMs = clock.nowMs()
    const oldestMs = Math.min(nowMs, ...[...standings.values()].map(({ verifiedMs }) => verifiedMs))
    metrics.auditVerifiedSeconds.set((nowMs - oldestMs) / 1_000)
  }
}
