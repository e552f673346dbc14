import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '@jidoka/base'
import type { ManualClock } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Database } from '../../platform/db/database.ts'
import { openKeys } from '../../platform/keys.ts'
import { Metrics } from '../../platform/metrics.ts'
import { World } from '../../testing/world.ts'
import type { NewStore, TestStore } from '../../testing/stores.ts'
import { AuditChain } from './audit-chain.ts'
import type { AuditKey } from './audit-key.ts'
import { AuditKeys } from './audit-keys.ts'
import { signCheckpoint } from './checkpoint.ts'
import { chainStart, hashOf } from './entry-form.ts'
import type { SealedEntry } from './entry-form.ts'
import { verificationJob } from './verification-job.ts'
import { lookEveryMs, VerificationWatch } from './verification-watch.ts'
import type { VerifiedTime } from './verifier.ts'

/*
 * I9: no change of the audit log goes unseen. Goal: whoever has the database, as its owner and with every trigger off, can change what they like, and
 * the next verification says so. They have not the folder for keys, nor, in the cases that say so, the file of checkpoints.
 * Each case makes one kind of change on a log of two tenants that is sealed and signed, and nothing but that kind of finding may be said.
 * Really run: the program, the database, the keys, the file. Not modelled: a thief who also has the folder for keys.
 */

/** Rows of the first tenant before anybody changes them. */
const entries = 12

export function tamperingCases(newStore: NewStore): void {
  describe('audit chain (I9)', () => {
    let world: World
    let store: TestStore
    let clock: ManualClock
    let chain: AuditChain
    let keys: AuditKeys
    let key: AuditKey
    let folder: string

    const own = (text: string, values: unknown[] = []) => store.backend.pool.query(text, values)
    /** As the owner of the tables who has made themselves a way around everything that protects them. */
    async function unguarded(work: () => Promise<unknown>): Promise<void> {
      const tables = ['audit.audit_logs', 'audit.chain', 'audit.checkpoints', 'audit.unsealed']
      for (const table of tables)
        await own(`alter table ${table} disable trigger user; alter table ${table} no force row level security`)
      await work()
      for (const table of tables)
        await own(`alter table ${table} enable trigger user; alter table ${table} force row level security`)
    }
    const verify = (tenant = 'demo', time: VerifiedTime = {}) => chain.verifier.verify(tenant, time)
    const kinds = async (tenant = 'demo', time: VerifiedTime = {}) => [
      ...new Set((await verify(tenant, time)).findings.map(({ kind }) => kind)),
    ]
    const entryAt = async (position: number): Promise<string> =>
      (await own(`select entry_id from audit.chain where tenant_id = 'demo' and position = $1`, [position])).rows[0]
        ?.entry_id
    const length = async (): Promise<number> => (await verify()).upTo
    const nightly = (
      signal = new AbortController().signal,
      progress: (done: number, total: number) => void = () => {},
    ) =>
      verificationJob(world.cloud.audit.verifier).run({
        id: 'of the test',
        tenantId: 'demo',
        input: {},
        signal,
        log: createLog('test', { level: 'silent' }),
        progress,
      })
    const checkpointFile = () => join(folder, 'demo.jsonl')

    /** Makes the hashes from `from` on anew, as somebody who knows how they are made can. */
    async function relink(from: number): Promise<void> {
      const { rows } = await own(
        `select c.position, c.entry_id, c.hash, to_char(c.sealed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as sealed_at,
           l.tenant_id, l.id, to_char(l.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, l.actor, l.action, l.subject, l.detail, l.edge_id, l.epoch, l.seq
         from audit.chain c join audit.audit_logs l on l.tenant_id = c.tenant_id and l.id = c.entry_id where c.tenant_id = 'demo' order by c.position`,
      )
      let previous: Buffer = chainStart
      for (const { position, entry_id: entryId, hash, sealed_at: sealedAt, ...entry } of rows) {
        const made = hashOf(previous, { position, sealedAt, entryId, entry: entry as SealedEntry })
        previous = position < from ? hash : made
        await own(`update audit.chain set hash = $2 where tenant_id = 'demo' and position = $1`, [position, previous])
      }
    }

    beforeAll(async () => {
      store = await newStore()
      world = await World.open(store)
      await World.open(store, { clock: world.clock, tenant: 'other' }).then(({ cloud }) => cloud.stop())
      const { clock: worldClock } = world
      clock = worldClock
      for (let index = 0; index < entries; index++) {
        await world.newToken({ siteCode: `SITE-${index}` })
        await world.as('GET', cloudPaths.me, undefined, 'admin@other')
        clock.advance(1)
      }
      keys = new AuditKeys((await openKeys(join(store.folder, 'keys'))).audit)
      key = keys.active
    })
    afterAll(async () => {
      await world.close()
    })

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'jidoka-audit-test-'))
      chain = new AuditChain({
        database: new Database(store.backend, { clock }),
        clock,
        log: createLog('test', { level: 'silent' }),
        metrics: new Metrics(),
        keys,
        checkpointFolder: folder,
      })
      return () => rmSync(folder, { recursive: true })
    })

    /** Each case stands on a log that was whole, and leaves it as it was. */
    async function afterChange(change: () => Promise<unknown>, look: () => Promise<unknown>): Promise<void> {
      await chain.sealer.seal('demo', true)
      await chain.sealer.seal('other', true)
      expect([await kinds(), await kinds('other')]).toEqual([[], []])
      const names = ['audit_logs', 'chain', 'checkpoints', 'unsealed']
      for (const name of names) await own(`create table kept_${name} as table audit.${name}`)
      try {
        await unguarded(change)
        await look()
      } finally {
        await unguarded(async () => {
          for (const name of names) {
            await own(
              `delete from audit.${name}; insert into audit.${name} select * from kept_${name}; drop table kept_${name}`,
            )
          }
        })
      }
    }

    it('I9: links every committed entry once, without a gap, and finds a log whole that nobody changed', async () => {
      await chain.sealer.seal('demo')
      const { rows } = await own(
        `select (select count(*) from audit.audit_logs where tenant_id = 'demo') as entries, count(*) as links, max(position) as last, count(distinct entry_id) as linked
         from audit.chain where tenant_id = 'demo'`,
      )
      const [{ entries: all, links, last, linked }] = rows
      expect(all).toBeGreaterThanOrEqual(entries)
      expect([links, last, linked]).toEqual([all, all, all])
      expect(await verify()).toMatchObject({ findings: [], from: 1, upTo: all })
    })

    const fields = [
      [`actor = 'nobody'`, 'actor'],
      [`action = 'x.y'`, 'action'],
      [`subject = subject || ' '`, 'subject'],
      [`detail = detail || '{"x":1}'`, 'detail'],
      [`at = at + interval '1 microsecond'`, 'time, by a microsecond'],
      [`seq = 7`, 'place in an edge'],
    ] as const
    for (const [change, name] of fields)
      it(`I9: sees that the ${name} of an entry was changed`, () =>
        afterChange(
          async () => own(`update audit.audit_logs set ${change} where id = $1`, [await entryAt(5)]),
          async () => {
            const { findings } = await verify()
            expect(findings.map(({ kind }) => kind)).toEqual(['changed'])
            expect(findings[0]?.text).toContain('position 5')
          },
        ))

    it('I9: sees an entry deleted in the middle', () =>
      afterChange(
        async () => own('delete from audit.audit_logs where id = $1', [await entryAt(5)]),
        async () => expect(await kinds()).toEqual(['missing']),
      ))

    it('I9: sees an entry deleted with its link', () =>
      afterChange(
        async () => {
          await own('delete from audit.audit_logs where id = $1', [await entryAt(5)])
          await own(`delete from audit.chain where tenant_id = 'demo' and position = 5`)
        },
        async () => expect(await kinds()).toEqual(['gap']),
      ))

    const cutOff = async (alsoCheckpoints: boolean) => {
      const last = await length()
      await own(
        `delete from audit.audit_logs where id = any(select entry_id from audit.chain where tenant_id = 'demo' and position > $1)`,
        [last - 3],
      )
      await own(`delete from audit.chain where tenant_id = 'demo' and position > $1`, [last - 3])
      if (alsoCheckpoints)
        await own(`delete from audit.checkpoints where tenant_id = 'demo' and position > $1`, [last - 3])
    }
    it('I9: sees the end cut off, by the checkpoints in the database', () =>
      afterChange(
        async () => {
          rmSync(checkpointFile(), { force: true })
          await cutOff(false)
        },
        async () => expect(await kinds()).toEqual(['truncated']),
      ))

    it('I9: sees the end cut off with its checkpoints, by the file outside of the database', () =>
      afterChange(
        async () => {
          const { rows } =
            await own(`select at, position, encode(hash, 'hex') as hash, adopted from audit.chain join audit.checkpoints using (tenant_id, position, hash)
             where tenant_id = 'demo' order by position desc limit 1`)
          const [{ at, position, hash, adopted }] = rows
          writeFileSync(
            checkpointFile(),
            `${JSON.stringify(signCheckpoint(key, { tenant_id: 'demo', at, position, hash, adopted }))}\n`,
          )
          await cutOff(true)
        },
        async () => expect(await kinds()).toEqual(['truncated']),
      ))

    it('I9: sees an entry that was put into the log the way that the program does, which is then sealed', () =>
      afterChange(
        async () => {
          await own(`alter table audit.audit_logs enable trigger note_unsealed`)
          await own(`insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail, mac)
             select 'demo', gen_random_uuid(), at, 'kim', 'rule.save', 'x', '{}', mac from audit.audit_logs where tenant_id = 'demo' limit 1`)
        },
        async () => expect(await kinds()).toEqual(['not_ours']),
      ))

    it('I9: sees an entry without a mac, once there is a checkpoint', () =>
      afterChange(
        async () => {
          await own(`alter table audit.audit_logs enable trigger note_unsealed`)
          await own(
            `insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail) values ('demo', gen_random_uuid(), now(), 'kim', 'rule.save', 'x', '{}')`,
          )
        },
        async () => expect(await kinds()).toEqual(['not_ours']),
      ))

    it('I9: sees an entry that was put there past the trigger', () =>
      afterChange(
        () =>
          own(
            `insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail) values ('demo', gen_random_uuid(), now(), 'kim', 'rule.save', 'x', '{}')`,
          ),
        async () => expect(await kinds()).toEqual(['outside']),
      ))

    it('I9: sees two entries that changed places', () =>
      afterChange(
        async () => {
          const [fifth, sixth] = [await entryAt(5), await entryAt(6)]
          await own(`update audit.chain set entry_id = gen_random_uuid() where tenant_id = 'demo' and position = 5`)
          await own(`update audit.chain set entry_id = $1 where tenant_id = 'demo' and position = 6`, [fifth])
          await own(`update audit.chain set entry_id = $1 where tenant_id = 'demo' and position = 5`, [sixth])
        },
        async () => expect(await kinds()).toEqual(['relinked']),
      ))

    it('I9: sees entries that two tenants swapped', () =>
      afterChange(
        async () => {
          const { rows } = await own(`select entry_id from audit.chain where tenant_id = 'other' and position = 1`)
          const [mine, theirs] = [await entryAt(5), rows[0]?.entry_id]
          await own(
            `update audit.audit_logs set tenant_id = case tenant_id when 'demo' then 'other' else 'demo' end where id = any($1::uuid[])`,
            [[mine, theirs]],
          )
          await own(`update audit.chain set entry_id = $1 where tenant_id = 'demo' and position = 5`, [theirs])
          await own(`update audit.chain set entry_id = $1 where tenant_id = 'other' and position = 1`, [mine])
        },
        async () => expect([await kinds(), await kinds('other')]).toEqual([['changed'], ['changed']]),
      ))

    it('I9: sees a checkpoint that another key signed, and one of another tenant', () =>
      afterChange(
        async () => {
          await own(`update audit.checkpoints set signature = decode(repeat('ab', 64), 'hex') where tenant_id = 'demo'`)
          const body = { at: new Date(clock.nowMs()).toISOString(), position: 1, hash: 'ab'.repeat(32), adopted: 0 }
          appendFileSync(checkpointFile(), `${JSON.stringify(signCheckpoint(key, { tenant_id: 'other', ...body }))}\n`)
        },
        async () => expect((await kinds()).toSorted()).toEqual(['forged', 'replaced']),
      ))

    it('I9: sees a chain that was made anew from a point on, with hashes that agree', () =>
      afterChange(
        async () => {
          await own(`update audit.audit_logs set actor = 'nobody' where id = $1`, [await entryAt(5)])
          await relink(5)
        },
        // The hashes agree: the signature does not, and neither does the mac of the entry.
        async () => expect((await kinds()).toSorted()).toEqual(['not_ours', 'replaced']),
      ))

    it('I9: sees a whole entry taken out and the chain closed over it', () =>
      afterChange(
        async () => {
          await own('delete from audit.audit_logs where id = $1', [await entryAt(5)])
          await own(`delete from audit.chain where tenant_id = 'demo' and position = 5`)
          for (let position = 6; position <= entries; position++)
            await own(`update audit.chain set position = $1 where tenant_id = 'demo' and position = $2`, [
              position - 1,
              position,
            ])
          await relink(5)
        },
        async () => expect(await kinds()).toContain('replaced'),
      ))

    it('I9: sees an entry that was taken away before it was sealed, and one that was changed', () =>
      afterChange(
        async () => {
          for (const table of ['audit_logs', 'unsealed']) await own(`alter table audit.${table} enable trigger user`)
          await world.newToken({ siteCode: 'LATE-1' })
          await world.newToken({ siteCode: 'LATE-2' })
          await own(`alter table audit.audit_logs disable trigger user`)
          await own(
            `delete from audit.audit_logs where id = (select entry_id from audit.unsealed where tenant_id = 'demo' order by at, entry_id limit 1)`,
          )
          await own(
            `update audit.audit_logs set subject = 'else' where id = (select entry_id from audit.unsealed where tenant_id = 'demo' order by at desc, entry_id desc limit 1)`,
          )
        },
        async () => expect(await kinds()).toEqual(['missing', 'not_ours']),
      ))

    it('I9: sees a trigger that its owner switched off, a right that was given and a function that was replaced', async () => {
      await own('alter table audit.audit_logs disable trigger append_only')
      expect(await kinds()).toEqual(['unguarded'])
      await own('alter table audit.audit_logs enable trigger append_only; grant update on audit.chain to jidoka_app')
      expect(await kinds()).toEqual(['unguarded'])
      await own('revoke update on audit.chain from jidoka_app')
      const { rows } = await own(`select pg_get_functiondef('audit.refuse_change'::regproc) as text`)
      await own(
        `create or replace function audit.refuse_change() returns trigger language plpgsql as 'begin return new; end'`,
      )
      expect(await kinds()).toEqual(['unguarded'])
      await own(rows[0]?.text)
      await own('alter table audit.checkpoints no force row level security')
      expect(await kinds()).toEqual(['unguarded'])
      await own('alter table audit.checkpoints force row level security')
      expect(await kinds()).toEqual([])
    })

    it('I9: verifies a part from one signed checkpoint to another', async () => {
      await chain.sealer.seal('demo', true)
      const middle = await length()
      clock.advance(3_600_000)
      await world.newToken({ siteCode: 'LATER' })
      await chain.sealer.seal('demo', true)
      const from = new Date(clock.nowMs() - 1_800_000).toISOString()
      expect(await verify('demo', { from })).toMatchObject({ from: middle + 1, findings: [] })
      expect(await verify('demo', { to: from })).toMatchObject({ from: 1, findings: [] })
    })

    it('seals and signs by itself seconds after an entry, once for all processes', async () => {
      await world.newToken({ siteCode: 'SOON' })
      const waiting = async () => (await own('select count(*) as n from audit.unsealed')).rows[0]?.n
      expect(await waiting()).toBeGreaterThan(0)
      await Promise.all([chain.sealer.round(), world.cloud.audit.sealer.round(), chain.sealer.round()])
      expect(await waiting()).toBe(0)
      expect(await kinds()).toEqual([])
    })

    it('is verified each night of the plant by a job, which people may start too, and which can be stopped', async () => {
      expect((await world.as('GET', cloudPaths.jobKinds)).body.data).toContainEqual(
        expect.objectContaining({ kind: 'audit.verify', scope: 'tenant', schedule: '30 3 * * *', may_start: true }),
      )
      const told: number[][] = []
      const { entries: upTo } = await nightly(undefined, (done, total) => told.push([done, total]))
      expect(upTo).toBeGreaterThan(entries)
      expect(told.at(-1)).toEqual([upTo, upTo])
      const at = async () => (await own(`select verified_at from audit.verifications where tenant_id = 'demo'`)).rows
      const before = await at()
      clock.advance(1_000)
      await expect(nightly(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
      expect(await at()).toEqual(before)
    })

    it('tells in figures and at /ready that a log was changed, until it is as it was', async () => {
      const ready = async () => (await world.request('GET', '/ready')).body
      const id = await entryAt(2)
      await unguarded(() => own(`update audit.audit_logs set subject = subject || '!' where id = $1`, [id]))
      expect(await nightly()).toMatchObject({ findings: 1 })
      clock.advance(lookEveryMs)
      await vi.waitUntil(async () => (await ready()).audit === 'changed', { interval: 50 })
      expect((await ready()).status).toBe('ok')
      expect((await world.request('GET', '/metrics')).body).toContain('jidoka_audit_logs_changed 1')
      expect((await world.as('GET', cloudPaths.auditChain)).body.data.verification.findings).toMatchObject([
        { kind: 'changed' },
      ])
      await unguarded(() => own(`update audit.audit_logs set subject = rtrim(subject, '!') where id = $1`, [id]))
      expect(await nightly()).toMatchObject({ findings: 0 })
      clock.advance(lookEveryMs)
      await vi.waitUntil(async () => (await ready()).audit === undefined, { interval: 50 })
    })

    it('goes on telling so while the database of a changed log does not answer', async () => {
      const database = new Database(store.backend, { clock })
      const log = createLog('test', { level: 'silent' })
      const watch = new VerificationWatch({ database, clock, log, metrics: new Metrics() })
      const id = await entryAt(2)
      await unguarded(() => own(`update audit.audit_logs set subject = subject || '!' where id = $1`, [id]))
      await nightly()
      await watch.start()
      clock.advance(lookEveryMs)
      await vi.waitUntil(() => watch.changed === 1, { interval: 50 })
      const asked = vi.spyOn(database, 'askDirectories').mockResolvedValue({ rows: [], unreached: ['main'] })
      clock.advance(lookEveryMs)
      await watch.stop()
      expect([asked.mock.calls.length, watch.changed]).toEqual([1, 1])
      await unguarded(() => own(`update audit.audit_logs set subject = rtrim(subject, '!') where id = $1`, [id]))
      await nightly()
    })
  })
}
