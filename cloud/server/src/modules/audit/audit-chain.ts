import type { Clock, Log, Service } from '@jidoka/base'
import type { AuditChainStatus } from '@jidoka/contract'
import type { Database } from '../../platform/db/database.ts'
import type { JobsPort } from '../../platform/jobs/port.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { AuditKeys } from './audit-keys.ts'
import { headOf, lastCheckpoint, lastVerification, unsealedOf } from './chain-repository.ts'
import { CheckpointFile } from './checkpoint-file.ts'
import { exportLog } from './export.ts'
import { Sealer } from './sealer.ts'
import { verificationJob } from './verification-job.ts'
import { VerificationWatch } from './verification-watch.ts'
import { Verifier } from './verifier.ts'

export interface AuditChainParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly keys: AuditKeys
  /** Where checkpoints are written besides the database. */
  readonly checkpointFolder: string
}

/** Everything that makes the log one whose changes are seen. */
export class AuditChain {
  readonly sealer: Sealer
  readonly verifier: Verifier
  readonly #watch: VerificationWatch
  readonly #parts: AuditChainParts

  constructor(parts: AuditChainParts) {
    this.#parts = parts
    const file = new CheckpointFile(parts.checkpointFolder)
    this.sealer = new Sealer({ ...parts, file })
    this.verifier = new Verifier({ ...parts, file, sealer: this.sealer })
    this.#watch = new VerificationWatch(parts)
  }

  services(): Service[] {
    return [this.sealer, this.#watch]
  }

  registerJobs(jobs: Pick<JobsPort, 'register'>): void {
    jobs.register(verificationJob(this.verifier))
  }

  health(): 'ok' | 'changed' {
    return this.#watch.changed === 0 ? 'ok' : 'changed'
  }

  export(tenantId: string): AsyncGenerator<string> {
    return exportLog({ ...this.#parts, sealer: this.sealer }, tenantId)
  }

  async status(tenantId: string): Promise<AuditChainStatus> {
    const { database, keys } = this.#parts
    const [head, checkpoint, verification, unsealed] = await database.withTenant(tenantId, (tx) =>
      Promise.all([headOf(tx), lastCheckpoint(tx), lastVerification(tx), unsealedOf(tx)]),
    )
    return {
      position: head?.position ?? 0,
      sealed_at: head?.sealed_at ?? null,
      unsealed: unsealed.count,
      checkpoint: checkpoint === null ? null : { at: checkpoint.at, position: checkpoint.position },
      verification:
        verification === null
          ? null
          : {
              at: verification.verified_at,
              position: verification.position,
              findings: verification.findings,
            },
      key_id: keys.active.keyId,
      public_key: keys.active.publicKeyText,
    }
  }
}
