import type { Clock } from '@jidoka/base'
import type { Database } from '../../platform/db/database.ts'
import type { AuditKeys } from './audit-keys.ts'
import { checkCheckpoint, ChainWalk } from './chain-walk.ts'
import type { WalkStart } from './chain-walk.ts'
import {
  checkpointAround,
  checkpointsAfter,
  entriesOutside,
  firstSealedFrom,
  hashesAt,
  headOf,
  keepVerification,
  latestSealedUpTo,
  linksAfter,
} from './chain-repository.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { CheckpointFile } from './checkpoint-file.ts'
import { Findings, findingsMax } from './finding.ts'
import type { Finding } from './finding.ts'
import { checkGuards } from './guards.ts'
import type { Sealer } from './sealer.ts'

/** Rows that are read and hashed at once: other requests wait some 20 ms for it. */
const batchRows = 500

export interface Verdict {
  readonly tenantId: string
  /** The last link that was looked at, and the first. */
  readonly from: number
  readonly upTo: number
  readonly checkpoints: number
  readonly findings: readonly Finding[]
}

/** Instants; the walk begins at the last checkpoint before and ends at the first one behind. */
export interface VerifiedTime {
  readonly from?: string | undefined
  readonly to?: string | undefined
}

export interface VerificationCourse {
  readonly signal?: AbortSignal
  readonly progress?: (position: number, upTo: number) => void
}

export interface VerifierParts {
  readonly database: Database
  readonly clock: Clock
  readonly keys: AuditKeys
  readonly file: CheckpointFile
  readonly sealer: Sealer
}

/** Holds the log of a tenant against its chain, its chain against what was signed, inside the database and outside of it. */
export class Verifier {
  readonly #parts: VerifierParts

  constructor(parts: VerifierParts) {
    this.#parts = parts
  }

  /**
   * Seals what waits, then looks at everything that is sealed by then. What is found is kept for the console, unless only a part was looked at.
   * @throws what `signal` is aborted with; nothing is kept then
   */
  async verify(tenantId: string, time: VerifiedTime = {}, course: VerificationCourse = {}): Promise<Verdict> {
    const { database, clock, keys, sealer } = this.#parts
    await keys.refresh(clock.nowMs())
    await sealer.seal(tenantId)
    const findings = new Findings()
    const ends = await this.#endsOf(tenantId, time)
    await database.withTenant(tenantId, (tx) => checkGuards(tx, findings))
    const { adopted, count } = await this.#checkpoints(tenantId, findings)
    await this.#walk(tenantId, { findings, adopted, ...ends }, course)
    const isWhole = time.from === undefined && time.to === undefined
    if (isWhole) await this.#outside(tenantId, findings)
    const verdict = {
      tenantId,
      from: ends.from.position + 1,
      upTo: ends.upTo,
      checkpoints: count,
      findings: findings.list,
    }
    const verified = {
      verified_at: new Date(clock.nowMs()).toISOString(),
      position: ends.upTo,
      findings: findings.list,
    }
    if (isWhole) await database.withTenant(tenantId, (tx) => keepVerification(tx, verified))
    return verdict
  }

  #endsOf(tenantId: string, { from, to }: VerifiedTime) {
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      const head = await headOf(tx)
      const before = from === undefined ? null : await checkpointAround(tx, from, 'before')
      const after = to === undefined ? null : await checkpointAround(tx, to, 'after')
      const position = before?.position ?? 0
      const latest = await latestSealedUpTo(tx, position)
      return {
        from: {
          position,
          hash: Buffer.from(before?.hash ?? '00'.repeat(32), 'hex'),
          reachedMs: latest === null ? -Infinity : Date.parse(latest),
        },
        upTo: Math.min(after?.position ?? Infinity, head?.position ?? 0),
      }
    })
  }

  /** Both lists, in pieces: neither is held in memory. */
  async #checkpoints(tenantId: string, findings: Findings): Promise<{ adopted: number; count: number }> {
    const { database, keys, file } = this.#parts
    let adopted = Infinity
    let count = 0
    const ends = await this.#endsOfKeys(tenantId)
    const reachedMs = (position: number) =>
      Math.max(-Infinity, ...ends.filter((end) => end.position <= position).map(({ ms }) => ms))
    const check = async (checkpoints: readonly Checkpoint[]) => {
      const hashes = await database.withTenant(tenantId, (tx) =>
        hashesAt(
          tx,
          checkpoints.map(({ position }) => position),
        ),
      )
      for (const checkpoint of checkpoints) {
        // One of another tenant is not this one's, however genuine.
        const isHere = checkpoint.tenant_id === tenantId
        const hash = isHere ? hashes.get(checkpoint.position) : 'of another tenant'
        const link = hash === undefined ? undefined : { hash, reachedMs: reachedMs(isHere ? checkpoint.position : 0) }
        count++
        if (checkCheckpoint(findings, { checkpoint, find: keys.find, link }))
          adopted = Math.min(adopted, checkpoint.adopted)
      }
    }
    for (let after: Checkpoint | null = null; ;) {
      const behind: Checkpoint | null = after
      const batch: Checkpoint[] = await database.withTenant(tenantId, (tx) => checkpointsAfter(tx, behind, batchRows))
      await check(batch)
      after = batch.at(-1) ?? null
      if (batch.length < batchRows) break
    }
    let lines: Checkpoint[] = []
    let lineNo = 0
    for await (const line of file.read(tenantId)) {
      lineNo++
      if (line === null) findings.add('forged', `line ${lineNo} of the file of checkpoints`)
      else lines.push(line)
      if (lines.length < batchRows) continue
      await check(lines)
      lines = []
    }
    await check(lines)
    // Without a checkpoint that counts nothing says that an entry is older than the chain.
    return { adopted: Number.isFinite(adopted) ? adopted : 0, count }
  }

  /** Where the chain passed the end of each key: all that a checkpoint is held against of times, without the times of every link. */
  #endsOfKeys(tenantId: string): Promise<{ position: number; ms: number }[]> {
    const { database, keys } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      const ends: { position: number; ms: number }[] = []
      for (const ms of keys.endsMs) {
        const position = await firstSealedFrom(tx, ms)
        if (position !== null) ends.push({ position, ms })
      }
      return ends
    })
  }

  async #walk(
    tenantId: string,
    walked: { findings: Findings; adopted: number; from: WalkStart; upTo: number },
    { signal, progress }: VerificationCourse,
  ): Promise<void> {
    const { findings, adopted, from, upTo } = walked
    const { database, keys } = this.#parts
    let macs = new Map<number, Buffer | null>()
    const walk = new ChainWalk(
      findings,
      ({ position, entry }, reachedMs) => {
        const mac = macs.get(position) ?? null
        if (entry === null || entry.tenant_id !== tenantId) return false
        return mac === null ? position <= adopted : keys.isOurs(entry, mac, reachedMs)
      },
      from,
    )
    while (walk.position < upTo && findings.list.length < findingsMax) {
      signal?.throwIfAborted()
      const rows = await database.withTenant(tenantId, (tx) =>
        linksAfter(tx, { after: walk.position, upTo, limit: batchRows }),
      )
      if (rows.length === 0) return
      macs = new Map(rows.map(({ position, mac }) => [position, mac]))
      for (const { position, sealed_at: sealedAt, entry_id: entryId, hash, entry } of rows)
        walk.step({ position, sealedAt, entryId, hash, entry })
      progress?.(walk.position, upTo)
    }
  }

  async #outside(tenantId: string, findings: Findings): Promise<void> {
    const rows = await this.#parts.database.withTenant(tenantId, (tx) => entriesOutside(tx, findingsMax))
    for (const { id, at } of rows) findings.add('outside', `entry ${id} of ${at}`)
  }
}
