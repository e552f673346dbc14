import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '@jidoka/base'
import type { ManualClock } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Database } from '../../platform/db/database.ts'
import { allMigrations } from '../../platform/db/open.ts'
import { openKeys } from '../../platform/keys.ts'
import { Metrics } from '../../platform/metrics.ts'
import { World } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { runAuditCommand } from './audit-command.ts'
import { AuditChain } from './audit-chain.ts'
import type { AuditKey } from './audit-key.ts'
import { AuditKeys } from './audit-keys.ts'

/** Where the log comes from and goes to: entries of before the chain, the file of checkpoints, exports, the command line. */
export function auditChainCases(newStore: NewStore): void {
  describe('audit chain', () => {
    let world: World
    let clock: ManualClock
    let chain: AuditChain
    let keys: AuditKeys
    let key: AuditKey
    let folder: string

    beforeAll(async () => {
      const store = await newStore()
      world = await World.open(store)
      await World.open(store, { clock: world.clock, tenant: 'other' }).then(({ cloud }) => cloud.stop())
      const { clock: worldClock } = world
      clock = worldClock
      for (let index = 0; index < 5; index++) await world.newToken({ siteCode: `SITE-${index}` })
      keys = new AuditKeys((await openKeys(join(store.folder, 'keys'))).audit)
      key = keys.active
    })
    afterAll(() => world.close())

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'jidoka-audit-test-'))
      const database = new Database(world.store.backend, { clock })
      const log = createLog('test', { level: 'silent' })
      chain = new AuditChain({ database, clock, log, metrics: new Metrics(), keys, checkpointFolder: folder })
      return () => rmSync(folder, { recursive: true })
    })

    it('adopts entries of before the chain, and none after its first checkpoint', async () => {
      const fresh = await newStore()
      try {
        const pool = fresh.backend.pool
        await pool.query(`insert into core.tenants (id, name, created_at) values ('old', 'old', now())`)
        await pool.query(
          `insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail)
           select 'old', gen_random_uuid(), now() - make_interval(secs => n), 'kim', 'rule.save', 'x', '{}' from generate_series(1, 1203) n`,
        )
        const database = new Database(fresh.backend, { clock })
        const log = createLog('test', { level: 'silent' })
        const old = new AuditChain({ database, clock, log, metrics: new Metrics(), keys, checkpointFolder: folder })
        expect(await old.verifier.verify('old')).toMatchObject({ findings: [], upTo: 1203 })
        expect((await pool.query(`select distinct adopted from audit.checkpoints`)).rows).toEqual([{ adopted: 1203 }])
        await pool.query(
          `insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail) values ('old', gen_random_uuid(), now(), 'kim', 'rule.save', 'x', '{}')`,
        )
        expect((await old.verifier.verify('old')).findings.map(({ kind }) => kind)).toEqual(['not_ours'])
      } finally {
        await fresh.close()
      }
    })

    it('takes the entries of every tenant that are older than its migration into the chain', async () => {
      const fresh = await newStore()
      try {
        const { pool } = fresh.backend
        const migration = allMigrations().find(({ name }) => name.endsWith('__audit_chain'))
        await pool.query(`begin; ${migration?.down}; commit`)
        await pool.query(
          `insert into core.tenants (id, name, created_at) values ('one', 'one', now()), ('two', 'two', now())`,
        )
        await pool.query(
          `insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail)
           select t, gen_random_uuid(), now(), 'kim', 'rule.save', 'x', '{}' from unnest(array['one', 'two']) t, generate_series(1, 3)`,
        )
        await pool.query(`begin; ${migration?.up}; commit`)
        const database = new Database(fresh.backend, { clock })
        const log = createLog('test', { level: 'silent' })
        const old = new AuditChain({ database, clock, log, metrics: new Metrics(), keys, checkpointFolder: folder })
        await old.sealer.round()
        expect(
          (await pool.query('select tenant_id, count(*) as n from audit.chain group by 1 order by 1')).rows,
        ).toEqual([
          { tenant_id: 'one', n: 3 },
          { tenant_id: 'two', n: 3 },
        ])
        expect((await old.verifier.verify('two')).findings).toEqual([])
      } finally {
        await fresh.close()
      }
    })

    describe('export', () => {
      const said: string[] = []
      const unreached: string[] = []
      const run = (...argv: string[]) => {
        said.length = 0
        return runAuditCommand(argv, {
          tenant: 'demo',
          print: (line) => said.push(line),
          publicKey: () => Promise.resolve(key.publicKeyText),
          rotateKey: () => Promise.reject(new Error('not of these cases')),
          withChain: (work) => work(chain, ['demo', 'other'], unreached),
        })
      }

      it('is checked without the database, and every line of it counts', async () => {
        const file = join(folder, 'log.jsonl')
        expect(await run('export', '--to', file)).toBe(true)
        expect(await run('check', file, `--key=${key.publicKeyText}`)).toBe(true)
        expect(said[0]).toMatch(/^export of demo: whole/)
        const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
        const isWhole = async (changed: string[]) => {
          writeFileSync(file, `${changed.join('\n')}\n`)
          return run('check', file, `--key=${key.publicKeyText}`)
        }
        expect(await isWhole(lines)).toBe(true)
        expect(await isWhole(lines.with(3, (lines[3] ?? '').replace('"actor":"', '"actor":"x')))).toBe(false)
        expect(await isWhole(lines.toSpliced(3, 1))).toBe(false)
        expect(await isWhole(lines.slice(0, -2))).toBe(false)
        expect(await isWhole(lines.with(0, (lines[0] ?? '').replace('demo', 'other')))).toBe(false)
        expect(await isWhole([])).toBe(false)
        writeFileSync(file, `${lines.join('\n')}\n`)
        const otherKey = `A${key.publicKeyText.slice(1)}`
        await expect(run('check', file, `--key=${otherKey}`).then((isOk) => (isOk ? 'whole' : 'not'))).resolves.toBe(
          'not',
        )
      })

      it('is what the route gives, to who may read the log', async () => {
        const { status, body, headers } = await world.as('GET', cloudPaths.auditExport)
        expect([status, headers.get('content-disposition')]).toEqual([200, 'attachment; filename="audit-demo.jsonl"'])
        const file = join(folder, 'route.jsonl')
        writeFileSync(file, body)
        expect(await run('check', file, `--key=${key.publicKeyText}`)).toBe(true)
      })

      it('says whose logs are whole, and what to do with a wrong word', async () => {
        expect(await run('verify')).toBe(true)
        expect(said.map((line) => line.slice(0, 12))).toEqual(['demo: whole.', 'other: whole'])
        unreached.push('second')
        expect(await run('verify')).toBe(false)
        expect(said.at(-1)).toContain('The database second did not answer')
        expect(await run('verify', '--tenant', 'demo')).toBe(true)
        await expect(run('verify', '--tenant', 'there')).rejects.toThrow('The database second did not answer')
        unreached.length = 0
        await expect(run('verify', '--tenant', 'nobody')).rejects.toThrow('There is no tenant')
        await expect(run('verify', '--from', 'yesterday')).rejects.toThrow('is not an instant')
        await expect(run('check', join(folder, 'none'), `--key=${key.publicKeyText}`)).rejects.toThrow('cannot be read')
        await expect(run('check', 'x', '--key', 'short')).rejects.toThrow('not the public key')
        await expect(run('burn')).rejects.toThrow('Use: audit verify')
      })
    })

    it('is kept in a file for each tenant, outside of the database', async () => {
      await world.newToken({ siteCode: 'FILE' })
      await chain.sealer.seal('demo', true)
      expect(readdirSync(folder)).toContain('demo.jsonl')
    })
  })
}
