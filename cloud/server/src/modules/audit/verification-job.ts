import { describeError } from '@jidoka/base'
import type { Clock, Log } from '@jidoka/base'
import type { Database } from '../../platform/db/database.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { forEachTenant, Rounds } from '../../platform/rounds.ts'
import { lastVerification } from './chain-repository.ts'
import type { Verifier } from './verifier.ts'

/** Looks whose last verification is a day old; by a process that starts at any time of the day. */
export const lookEveryMs = 600_000
const verifyEveryMs = 24 * 3_600_000
const action = 'audit.verify'

export interface VerificationParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly verifier: Verifier
}

/** Verifies every tenant's log once a day, whichever process finds it due; says in figures and at /ready what stands found. */
export class VerificationJob extends Rounds {
  #broken = 0
  /** When each tenant's log was verified last; of one that cannot be verified the time grows. */
  readonly #verifiedMs = new Map<string, number>()

  constructor(parts: VerificationParts) {
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
  get broken(): number {
    return this.#broken
  }

  async #round({ database, clock, log, metrics, verifier }: VerificationParts): Promise<void> {
    let broken = 0
    await forEachTenant(
      { database, log, action },
      async (tenantId) => {
        const last = await database.withTenant(tenantId, lastVerification)
        const lastMs = last === null ? -Infinity : Date.parse(last.verified_at)
        if (last !== null) this.#verifiedMs.set(tenantId, lastMs)
        const ageMs = clock.nowMs() - lastMs
        const isDue = ageMs < 0 || ageMs >= verifyEveryMs
        const findings = isDue ? (await verifier.verify(tenantId)).findings : (last?.findings ?? [])
        if (isDue) this.#verifiedMs.set(tenantId, clock.nowMs())
        if (findings.length === 0) return
        broken++
        log.error(
          { action, success: false, tenant: tenantId, findings },
          'the audit log is not what was written: docs/security/audit.md says what to do',
        )
      },
      () => this.isStopping,
    )
    this.#broken = broken
    metrics.auditBroken.set(broken)
    const nowMs = clock.nowMs()
    metrics.auditVerifiedSeconds.set((nowMs - Math.min(nowMs, ...this.#verifiedMs.values())) / 1_000)
  }
}
