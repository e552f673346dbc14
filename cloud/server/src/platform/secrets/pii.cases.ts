import { join } from 'node:path'
import { cloudPaths, fill, maskedTextSchema } from '@jidoka/contract'
import { createLog, ManualClock } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminPassword, ruleOf, World } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { AuditKeys } from '../../modules/audit/audit-keys.ts'
import { AuditService } from '../../modules/audit/service.ts'
import { Database } from '../db/database.ts'
import { openKeys } from '../keys.ts'
import { forgetBatchRows, piiRetention } from './pii-retention.ts'
import { SecretMetrics } from './secret-metrics.ts'

const text = '담당자 홍길동(010-1234-5678, hong@example.com)이 2호기를 멈췄습니다. 주민번호 900101-1234567'
const masked = '담당자 홍*동(010-****-5678, h***@example.com)이 2호기를 멈췄습니다. 주민번호 900101-*******'

export function piiCases(newStore: NewStore): void {
  describe('texts with something personal', () => {
    let world: World
    const lines: string[] = []
    let log: Log
    beforeAll(async () => {
      log = createLog('test', { level: 'trace', destination: { write: (line: string) => void lines.push(line) } })
      world = await World.open(await newStore(), { log })
    })
    afterAll(() => world.close())

    const keep = async (kept: string, subject = 'alarm/1') =>
      maskedTextSchema.parse((await world.as('POST', cloudPaths.pii, { text: kept, subject })).body.data)
    const reveal = (id: string, reason = 'asked by the works council', login?: string) =>
      world.as('POST', fill(cloudPaths.piiReveal, { id }), { reason }, login)

    it('come back masked, and the original opens for who may read it and says why', async () => {
      const kept = await keep(text)
      expect(kept.text).toBe(masked)
      expect(kept.findings.map(({ kind }) => kind)).toEqual(['name', 'phone', 'email', 'resident_number'])
      const answer = await reveal(kept.id ?? '')
      expect(answer.body.data).toMatchObject({ text, subject: 'alarm/1' })
      const { body } = await world.as('GET', cloudPaths.audit)
      const read = body.data.find((entry: { action: string }) => entry.action === 'pii.read')
      expect(read).toMatchObject({
        actor: 'admin',
        subject: 'alarm/1',
        detail: { id: kept.id, reason: 'asked by the works council' },
      })
    })

    it('without anything personal are not kept', async () => {
      expect(await keep('2호기 이상 발생, 김치 살균 공정 정상')).toMatchObject({ id: null, findings: [] })
    })

    it('lie in the database masked and sealed, never as they were', async () => {
      await keep(text)
      const database = new Database(world.store.backend, { clock: world.clock })
      const rows = await database.asOwner<{ whole: string }>(
        `select encode(sealed, 'escape') || held::text as whole from core.pii_originals as held`,
      )
      expect(rows.length).toBeGreaterThan(0)
      for (const { whole } of rows) expect(whole).not.toMatch(/홍길동|1234-5678|hong@|1234567/)
    })

    it('are forgotten when asked, and then are no more', async () => {
      const { id } = await keep(text)
      expect((await world.as('DELETE', fill(cloudPaths.piiOriginal, { id: id ?? '' }))).status).toBe(200)
      expect((await reveal(id ?? '')).status).toBe(404)
      expect((await world.as('DELETE', fill(cloudPaths.piiOriginal, { id: id ?? '' }))).status).toBe(404)
    })

    it('are forgotten by themselves when their time is over, in portions, and nothing that is younger; the audit says how many', async () => {
      const database = new Database(world.store.backend, { clock: world.clock })
      const audit = new AuditService({
        database,
        clock: world.clock,
        keys: new AuditKeys((await openKeys(join(world.store.folder, 'keys'))).audit),
      })
      const registry = new Registry()
      // Its clock alone goes on by months: the world's would do what a program does meanwhile.
      const clock = new ManualClock(world.clock.nowMs())
      const job = piiRetention({ database, clock, audit, metrics: new SecretMetrics(registry), days: 90 })
      const told: number[] = []
      const run = () =>
        job.run({
          id: 'one',
          tenantId: 'demo',
          input: {},
          signal: new AbortController().signal,
          log,
          progress: (done) => void told.push(done),
        })
      const left = async () =>
        (await database.asOwner<{ n: number }>('select count(*)::int as n from core.pii_originals'))[0]?.n
      await run()
      const before = (await left()) ?? 0
      expect(before).toBeGreaterThan(0)
      const { id: old } = await keep(text)
      // As many as take a portion and a part of another, of the same age; their ids are of a clock that was ahead.
      await database.asOwner(
        `insert into core.pii_originals (tenant_id, id, subject, masked, sealed, key_id, kept_at, kept_by)
         select tenant_id, ('ffff' || substr(id::text, 5, 20) || lpad(to_hex(n), 12, '0'))::uuid, subject, masked, sealed, key_id, kept_at, kept_by
         from core.pii_originals, generate_series(1, $2) as n where id = $1`,
        [old, forgetBatchRows],
      )
      world.clock.advance(60_000)
      const { id: young } = await keep(text)
      clock.advance(90 * 24 * 3_600_000 + 1)
      expect(await run()).toEqual({ forgotten: before + 1 + forgetBatchRows, days: 90 })
      expect(told).toEqual([forgetBatchRows])
      expect(await left()).toBe(1)
      expect((await reveal(old ?? '')).status).toBe(404)
      expect((await reveal(young ?? '')).body.data).toMatchObject({ text })
      const { body } = await world.as('GET', cloudPaths.audit)
      const counts = body.data
        .filter(({ action }: { action: string }) => action === 'pii.expire')
        .map(({ detail }: { detail: { forgotten: number } }) => detail.forgotten)
      expect(counts.sort((a: number, b: number) => a - b)).toEqual([before + 1, forgetBatchRows])
      expect(await registry.metrics()).toContain(`jidoka_pii_originals_expired_total ${before + 1 + forgetBatchRows}`)
    })

    it('are not revealed without a reason, nor to who lacks the permission', async () => {
      const { id } = await keep(text)
      expect((await reveal(id ?? '', ' ')).status).toBe(400)
      const database = new Database(world.store.backend, { clock: world.clock })
      await database.withTenant('demo', async (tx) => {
        await tx.run(
          `insert into core.users (tenant_id, login, name, role, password_hash) select tenant_id, 'manager', name, 'manager', password_hash from core.users where login = 'admin'`,
        )
      })
      expect((await reveal(id ?? '', 'curious about it', 'manager')).status).toBe(403)
    })

    it('I8: of secrets and persons that go through every module not one is in the log, at its most talkative', async () => {
      const planted = ['planted-secret-value', '010-9090-8080', 'planted@example.com', '850315-2345678', '김영수 과장']
      await world.as('PUT', fill(cloudPaths.secret, { name: 'planted' }), { purpose: 'mes', value: planted[0] })
      await keep(planted.slice(1).join(' '))
      await world.login('admin', 'wrong planted-password')
      await world.request('POST', cloudPaths.login, {
        json: { login: 'planted@example.com', password: 'planted-password' },
      })
      await world.as('PUT', '/api/v1/rules/press-temperature', {
        definition: ruleOf({ name: { ko: `${planted[4]} 규칙`, en: 'of planted@example.com' } }),
        based_on_version: 0,
      })
      await world.request('GET', '/api/v1/audit?cursor=planted@example.com', {
        headers: { authorization: 'Bearer planted.jwt.token' },
      })
      const token = await world.newToken()
      const edge = await world.newEdge({ name: 'of 김영수 과장' })
      await edge.sendReadings([{ tagNo: 1, timeMs: world.clock.nowMs(), value: 1 }])
      await world.store.backend.pool.query('select 1')
      await world.cloud.secrets.get('demo', 'planted', 'mes', { person: 'admin' })
      const access = await world.accessToken()
      // A careless line, as somebody will write one.
      log.error(
        { action: 'careless', body: { password: 'planted-password', token: access } },
        `for ${planted.slice(1).join(' ')}`,
      )
      const written = lines.join('')
      expect(lines.length).toBeGreaterThan(10)
      for (const secret of [
        'planted-secret-value',
        'planted-password',
        '010-9090-8080',
        'planted@example.com',
        '850315-2345678',
        '김영수',
        'planted.jwt.token',
        adminPassword,
        token,
        access,
      ])
        expect({ secret, isWritten: written.includes(secret) }).toEqual({ secret, isWritten: false })
    })
  })
}
