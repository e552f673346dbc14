import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '@jidoka/base'
import { uuidv7 } from '@jidoka/base'
import { endToUpgrade, protocolVersion } from '@jidoka/sync-protocol'
import type { EnrolmentRequest, EnrolmentResponse, ReceiptKey } from '@jidoka/sync-protocol'
import type { Database } from '../../platform/db/database.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import type { AuditPort } from '../audit/port.ts'
import { cursorOf } from './cursors.ts'
import * as repository from './repository.ts'

/** Where a site is until somebody says otherwise: the product's first plants are in Korea. */
const defaultTimeZone = 'Asia/Seoul'

/** Lets edges in by one-time tokens. */
export class Enrolment {
  #database: Database
  #clock: Clock
  #audit: AuditPort
  #receiptKeys: () => readonly ReceiptKey[]

  constructor(parts: { database: Database; clock: Clock; audit: AuditPort; receiptKeys: () => readonly ReceiptKey[] }) {
    this.#database = parts.database
    this.#clock = parts.clock
    this.#audit = parts.audit
    this.#receiptKeys = parts.receiptKeys
  }

  /** A token for one edge of one site, shown once; the site is made when it is new. */
  async issueToken(
    tenantId: string,
    request: { siteCode: string; validMin: number; by: string },
  ): Promise<{ token: string; expiresAt: string }> {
    const token = randomBytes(32).toString('base64url')
    const nowMs = this.#clock.nowMs()
    const expiresAt = new Date(nowMs + request.validMin * 60_000).toISOString()
    await this.#database.withTenant(tenantId, async (tx) => {
      const { siteCode, by } = request
      await repository.ensureSite(tx, {
        code: siteCode,
        name: { ko: siteCode, en: siteCode },
        time_zone: defaultTimeZone,
      })
      await repository.insertEnrolment(tx, {
        token_hash: hashToken(token),
        site_code: siteCode,
        created_by: by,
        created_at: new Date(nowMs).toISOString(),
        expires_at: expiresAt,
      })
      await this.#audit.append(tx, {
        actor: by,
        action: 'enrolment.issue',
        subject: siteCode,
        detail: { expires_at: expiresAt },
      })
    })
    return { token, expiresAt }
  }

  /**
   * Takes an edge in. The same key with the same token gets the same answer again: the first one may have been lost on the way.
   * A known key with a new token is the same edge, let in again.
   * @throws RefusalError `bad_token`, `protocol_version`
   */
  async enrol(request: EnrolmentRequest): Promise<EnrolmentResponse> {
    const upgrade = endToUpgrade(request.protocol, 'edge')
    if (upgrade !== null) throw new RefusalError({ kind: 'protocol_version', upgrade })
    const tokenHash = hashToken(request.token)
    const tenantId = await repository.tenantOfEnrolment(this.#database, tokenHash)
    if (tenantId === null) throw new RefusalError({ kind: 'bad_token' })
    return this.#database.withTenant(tenantId, async (tx) => {
      const enrolment = await repository.lockEnrolment(tx, tokenHash)
      const now = new Date(this.#clock.nowMs()).toISOString()
      if (enrolment === null || enrolment.expires_at <= now) throw new RefusalError({ kind: 'bad_token' })
      const known = await repository.findEdgeByKey(tx, request.public_key)
      if (enrolment.used_at !== null && known?.id !== enrolment.edge_id) throw new RefusalError({ kind: 'bad_token' })
      const edge: repository.NewEdge = {
        id: known?.id ?? uuidv7(this.#clock.nowMs()),
        site_code: enrolment.site_code,
        name: request.name,
        public_key: request.public_key,
        program_version: request.program_version,
        enrolled_at: now,
      }
      if (known === null) await repository.insertEdge(tx, edge)
      else if (enrolment.used_at === null) await repository.enrolAgain(tx, edge)
      if (enrolment.used_at === null) {
        await repository.useEnrolment(tx, tokenHash, edge.id, now)
        await this.#audit.append(tx, {
          actor: `edge:${edge.id}`,
          action: 'edge.enrol',
          subject: edge.id,
          detail: { name: edge.name, site: edge.site_code, again: known !== null },
        })
      }
      return {
        protocol: protocolVersion,
        tenant_id: tenantId,
        site_id: enrolment.site_code,
        edge_id: edge.id,
        receipt_keys: [...this.#receiptKeys()],
        ...(known === null ? {} : { cursor: await cursorOf(tx, edge.id, request.epoch) }),
      }
    })
  }
}

/** The token is 256 random bits: a fast hash keeps it as safe as a slow one would. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
