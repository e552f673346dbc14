import { describeError, uuidv7 } from '@jidoka/base'
import type { Clock, Log } from '@jidoka/base'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { allTenantsOf } from '../../platform/db/tenants.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { Rounds } from '../../platform/rounds.ts'
import type { AuditKey } from './audit-key.ts'
import type { AuditKeys } from './audit-keys.ts'
import { headOf, insertCheckpoint, insertLinks, lastCheckpoint, lockChain, takeUnsealed } from './chain-repository.ts'
import type { EntryRow, NewLink } from './chain-repository.ts'
import { signCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { CheckpointFile } from './checkpoint-file.ts'
import { chainStart, hashOf, withMicroseconds } from './entry-form.ts'
import { insertEntries } from './repository.ts'

/** How long an entry can be taken away without a trace. Each round is one small query where nothing waits. */
const sealEveryMs = 2_000
/** How long the end of the chain can be cut off without a trace; each costs a row and a line while entries come. */
const checkpointEveryMs = 60_000
/** A chain that stands still is signed anew once a day, so that its newest checkpoint says that somebody still looks. */
const idleCheckpointMs = 24 * 3_600_000
/** Through all tenants for what a process left that ended before its checkpoint. */
const tourEveryMs = 3_600_000
/** Entries in one transaction: some 20 ms. */
const batchEntries = 500
/** Clocks of processes differ by so much at the most. A time in the chain that goes back would make the one that is behind sign with a key that is over. */
const clocksDifferMsMax = 60_000

export interface SealerParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly keys: AuditKeys
  readonly file: CheckpointFile
}

/**
 * Gives each committed entry its link, in order, seconds after the fact: what writes entries waits for no other writer and for no lock of the chain.
 * Every process may seal; those of one tenant take turns.
 */
export class Sealer extends Rounds {
  readonly #sealing: SealerParts
  /** Tenants with links behind their last checkpoint, and when that is due. */
  readonly #checkpointDueMs = new Map<string, number>()
  #tourDueMs = 0

  constructor(parts: SealerParts) {
    const { clock, log } = parts
    super({
      name: 'audit-sealer',
      everyMs: sealEveryMs,
      clock,
      work: () => this.round(),
      failed: (error) =>
        log.error({ action: 'audit.seal', success: false }, `tried again in 2 s: ${describeError(error)}`),
    })
    this.#sealing = parts
  }

  async round(): Promise<void> {
    const { clock, database, log, metrics } = this.#sealing
    const nowMs = clock.nowMs()
    const isTour = nowMs >= this.#tourDueMs
    const waiting = await database.asDirectory((directory) =>
      directory.query<{ tenant_id: string }>('select distinct tenant_id from audit.unsealed'),
    )
    const due = [...this.#checkpointDueMs].filter(([, dueMs]) => dueMs <= nowMs).map(([tenantId]) => tenantId)
    const tenants = new Set([
      ...waiting.map(({ tenant_id: tenantId }) => tenantId),
      ...due,
      ...(isTour ? await allTenantsOf(database) : []),
    ])
    let failures = 0
    for (const tenantId of tenants) {
      if (this.isStopping) return
      try {
        await this.seal(tenantId)
      } catch (error) {
        failures++
        log.error({ action: 'audit.seal', success: false, tenant: tenantId }, describeError(error))
      }
    }
    metrics.auditSealFailures.set(failures)
    if (isTour) this.#tourDueMs = nowMs + tourEveryMs
  }

  /** Everything of a tenant that waits by now. @param signs whether a checkpoint shall stand at the end, however young the last one is */
  async seal(tenantId: string, signs = false): Promise<void> {
    const { database, clock, keys } = this.#sealing
    await keys.refresh(clock.nowMs())
    for (let isMore = true; isMore && !this.isStopping;)
      isMore = await database.withTenant(tenantId, (tx) => this.#batch(tx, signs))
  }

  async #batch(tx: Transaction, signs: boolean): Promise<boolean> {
    const { clock, keys } = this.#sealing
    await lockChain(tx)
    const [head, before] = await Promise.all([headOf(tx), lastCheckpoint(tx)])
    const nowMs = notBefore([head?.sealed_at, before?.at], clock.nowMs())
    const key = keys.at(nowMs)
    const hasNewKey = before !== null && before.key_id !== key.keyId
    const closed = keys.closed(nowMs)
    if (hasNewKey) await this.#noteNewKey(tx, { key, previous: before.key_id, atMs: nowMs })
    else if (head !== null && closed !== null && Date.parse(head.sealed_at) < closed.sinceMs)
      await this.#noteClosedKey(tx, { key, closed: closed.keyId, atMs: nowMs })
    const rows = await takeUnsealed(tx, batchEntries)
    const sealedAt = new Date(nowMs).toISOString()
    const links = linksOf(rows, head, sealedAt)
    if (links.length > 0) await insertLinks(tx, sealedAt, links)
    const isMore = rows.length === batchEntries
    const last = links.at(-1) ?? head
    if (last === null) return isMore
    const agoMs = before === null ? Infinity : nowMs - Date.parse(before.at)
    const isBehind = before === null || before.position < last.position
    // A clock that was set back signs at once: a time in the future must not put the next checkpoint off.
    // The first waits until everything of before the chain has its link, as it says up to where that is.
    const isDue =
      before === null
        ? !isMore
        : hasNewKey || (signs && isBehind) || agoMs < 0 || agoMs >= (isBehind ? checkpointEveryMs : idleCheckpointMs)
    const { tenantId } = tx
    if (isDue) {
      // Once there is a checkpoint no entry is adopted any more.
      const adopted = before?.adopted ?? (await this.#adopted(tx))
      await this.#sign(tx, { at: sealedAt, position: last.position, hash: last.hash.toString('hex'), adopted })
    } else if (isBehind) {
      const dueMs = nowMs - agoMs + checkpointEveryMs
      tx.afterCommit(() => this.#checkpointDueMs.set(tenantId, dueMs))
    }
    return isMore
  }

  async #sign(tx: Transaction, body: Omit<Checkpoint, 'tenant_id' | 'key_id' | 'signature'>): Promise<void> {
    const { keys, file, log } = this.#sealing
    const checkpoint = signCheckpoint(keys.at(Date.parse(body.at)), { tenant_id: tx.tenantId, ...body })
    await insertCheckpoint(tx, checkpoint)
    tx.afterCommit(() => {
      this.#checkpointDueMs.delete(checkpoint.tenant_id)
      try {
        file.append(checkpoint)
      } catch (error) {
        log.error(
          { action: 'audit.checkpoint', success: false, tenant: checkpoint.tenant_id },
          `the checkpoint is in the database alone; make the folder writable: ${describeError(error)}`,
        )
      }
    })
  }

  /** In the log of each tenant, so that it says by itself from where on which key signs; the first checkpoint of the new key is of it or goes before it. */
  async #noteNewKey(
    tx: Transaction,
    { key, previous, atMs }: { key: AuditKey; previous: string; atMs: number },
  ): Promise<void> {
    const { keyId, publicKeyText } = key
    const detail = { previous, public_key: publicKeyText }
    await this.#note(tx, key, { atMs, action: 'audit.key_change', subject: keyId, detail })
  }

  /** Puts a link of now into a log in which nothing happens: whatever whoever has the old key puts behind it is too late, whatever time that says. */
  #noteClosedKey(tx: Transaction, { key, closed, atMs }: { key: AuditKey; closed: string; atMs: number }) {
    return this.#note(tx, key, { atMs, action: 'audit.key_closed', subject: closed, detail: {} })
  }

  #note(
    tx: Transaction,
    key: AuditKey,
    entry: { atMs: number; action: string; subject: string; detail: Record<string, string> },
  ): Promise<void> {
    return insertEntries(tx, key, [{ id: uuidv7(entry.atMs), actor: 'system', source: null, ...entry }])
  }

  /** The last entry of before the chain. */
  async #adopted(tx: Transaction): Promise<number> {
    const rows = await tx.query<{ position: number | null }>(
      `select max(c.position) as position from audit.chain c join audit.audit_logs l on l.tenant_id = c.tenant_id and l.id = c.entry_id
       where c.tenant_id = $1 and l.mac is null`,
      [tx.tenantId],
    )
    return rows[0]?.position ?? 0
  }
}

/** The own time, or that of who was here last and whose clock is ahead. */
function notBefore(times: readonly (string | undefined)[], nowMs: number): number {
  const lastMs = Math.max(nowMs, ...times.flatMap((time) => (time === undefined ? [] : [Date.parse(time)])))
  return lastMs - nowMs <= clocksDifferMsMax ? lastMs : nowMs
}

function linksOf(rows: readonly EntryRow[], head: { position: number; hash: Buffer } | null, at: string): NewLink[] {
  let { position, hash } = head ?? { position: 0, hash: chainStart }
  return rows.map(({ entry_id: entryId, entry }) => {
    position++
    hash = hashOf(hash, { position, sealedAt: withMicroseconds(at), entryId, entry })
    return { position, entryId, hash }
  })
}
