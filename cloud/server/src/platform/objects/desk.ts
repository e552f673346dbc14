import type { Clock } from '@jidoka/base'
import type { ObjectKind, ObjectLinkAnswer, ObjectQuota, ObjectUsage, StoredFile } from '@jidoka/contract'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Database } from '../db/database.ts'
import { ProblemError } from '../http/problem.ts'
import { pageOf } from '../paging.ts'
import type { PageKey } from '../paging.ts'
import type { ObjectStore } from './object-store.ts'
import type { StoredObject } from './port.ts'
import { putQuota, readUsage } from './quota.ts'
import type { QuotaDefault } from './quota.ts'
import * as repository from './repository.ts'

/** Long enough to pass a link on and to begin the download. */
const linkSeconds = 900

export interface DeskParts {
  readonly database: Database
  readonly store: ObjectStore
  readonly audit: AuditPort
  readonly clock: Clock
  readonly quota: QuotaDefault
}

/** What people see of a tenant's files, and do with them. */
export class ObjectDesk {
  readonly #parts: DeskParts

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  list(
    tenantId: string,
    {
      kind,
      after,
      limit,
    }: { readonly kind: ObjectKind | null; readonly after: PageKey | null; readonly limit: number },
  ): Promise<{ rows: StoredFile[]; next: string | null }> {
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      const found = await repository.pageOfStored(tx, { kind, after, limit: limit + 1, at: this.#now() })
      const { rows, next } = pageOf(found, limit, ({ createdAt: at, id }) => ({ at, id }))
      return { rows: rows.map(fileOf), next }
    })
  }

  usage(tenantId: string): Promise<ObjectUsage> {
    const { database, quota } = this.#parts
    return database.withTenant(tenantId, (tx) => readUsage(tx, { quota, at: this.#now() }))
  }

  /** @throws ProblemError `not_found` */
  link(tenantId: string, id: string, by: string): Promise<ObjectLinkAnswer> {
    const { database, audit, store } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      const found = await repository.findById(tx, id, this.#now())
      if (found === null) throw gone()
      await audit.append(tx, { actor: by, action: 'object.link', subject: id, detail: { name: nameOf(found.key) } })
      const { path, expiresAt } = store.presign(tenantId, id, { seconds: linkSeconds })
      return { path, expires_at: expiresAt }
    })
  }

  /** @throws ProblemError `not_found`, `conflict` */
  remove(tenantId: string, id: string, by: string): Promise<void> {
    const { database, audit, store } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      const removed = await repository.removeById(tx, id, this.#now())
      if (removed === null) {
        if ((await repository.findById(tx, id, this.#now())) === null) throw gone()
        throw new ProblemError(
          'conflict',
          'It is an archive, which stands in a list of its own. Remove it on the page Archives.',
        )
      }
      const detail = { name: nameOf(removed.key), kind: removed.kind, bytes: removed.bytes, sha256: removed.sha256 }
      await audit.append(tx, { actor: by, action: 'object.remove', subject: id, detail })
      // Its row says that it shall go: what cannot be erased now is tidied later.
      tx.afterCommit(() => void store.erase(tenantId, id).catch(() => undefined))
    })
  }

  /** Said by the platform, and noted with the tenant that it is about. @throws ProblemError `not_found` */
  putQuota(tenantId: string, quota: ObjectQuota, by: string): Promise<ObjectUsage> {
    const { database, audit, quota: usual } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      if (!(await putQuota(tx, quota)))
        throw new ProblemError('not_found', 'There is no such tenant. Look at the list for its id.')
      const actor = `platform: ${by}`
      await audit.append(tx, { actor, action: 'tenant.storage', subject: tenantId, detail: { ...quota } })
      return readUsage(tx, { quota: usual, at: this.#now() })
    })
  }

  #now(): string {
    return new Date(this.#parts.clock.nowMs()).toISOString()
  }
}

const gone = () => new ProblemError('not_found', 'There is no such file, or no longer. Look at the list for its id.')

/** What people know a file by: without what it is for. */
export const nameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1)

const fileOf = (object: StoredObject): StoredFile => ({
  id: object.id,
  name: nameOf(object.key),
  kind: object.kind,
  content_type: object.contentType,
  bytes: object.bytes,
  sha256: object.sha256,
  created_at: object.createdAt,
  created_by: object.createdBy,
  expires_at: object.expiresAt,
})
