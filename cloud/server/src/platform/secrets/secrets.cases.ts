import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLog, Envelope, KeyFile, OperationalError } from '@jidoka/base'
import { cloudPaths, fill, secretsSchema } from '@jidoka/contract'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { World } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import type { Places } from '../db/places.ts'
import { replaceSealed, rowsOfOtherKeys, sealedTables } from './repository.ts'
import { rewrapJob } from './rewrap-job.ts'
import { rewrapBatchRows, Rewrapper } from './rewrapper.ts'
import { SecretMetrics } from './secret-metrics.ts'
import { runSecretsCommand } from './secrets-command.ts'
import { masterKeysFile } from './settings.ts'

export function secretsCases(newStore: NewStore): void {
  describe('secrets', () => {
    let world: World
    let database: Database
    let keys: KeyFile
    beforeAll(async () => {
      world = await World.open(await newStore())
      database = new Database(world.store.backend, { clock: world.clock })
      keys = KeyFile.open(join(world.store.folder, 'keys', masterKeysFile), () => world.clock.nowMs())
    })
    afterAll(() => world.close())

    const put = (name: string, value: string, purpose = 'mes') =>
      world.as('PUT', fill(cloudPaths.secret, { name }), { purpose, value })
    const get = (name: string, purpose = 'mes') => world.cloud.secrets.get('demo', name, purpose, { program: 'test' })
    const list = async () => secretsSchema.parse((await world.as('GET', cloudPaths.secrets)).body.data)

    it('are put by an administrator, listed by name, read by the program, and their value leaves by no route', async () => {
      expect((await put('mes-password', '비밀번호 hunter2')).status).toBe(200)
      expect(await get('mes-password')).toBe('비밀번호 hunter2')
      const answer = await world.as('GET', cloudPaths.secrets)
      expect(JSON.stringify(answer.body)).not.toContain('hunter2')
      const [secret] = (await list()).secrets
      expect(secret).toMatchObject({ name: 'mes-password', purpose: 'mes', version: 1, updated_by: 'admin' })
      await put('mes-password', 'another')
      expect((await list()).secrets[0]?.version).toBe(2)
      expect(await get('mes-password')).toBe('another')
      expect(await get('mes-password', 'another-purpose')).toBeNull()
      expect(await get('none')).toBeNull()
    })

    it('lie in the database as bytes that say nothing', async () => {
      await put('plain', 'a word that would be found')
      const rows = await database.asOwner<{ whole: string }>(
        `select encode(sealed, 'escape') || held::text as whole from core.secrets as held`,
      )
      for (const { whole } of rows) expect(whole).not.toContain('a word that would be found')
    })

    it('I6: do not open in the row of another name, purpose or tenant', async () => {
      await put('one', 'the first')
      await put('two', 'the second', 'erp')
      const moved = (set: string) =>
        database.asOwner(
          `update core.secrets set sealed = (select sealed from core.secrets where name = 'one' and tenant_id = 'demo')${set} where name = 'two'`,
        )
      await moved('')
      await expect(get('two', 'erp')).rejects.toMatchObject({ kind: 'not_authentic' })
      await moved(`, purpose = 'mes'`)
      await expect(get('two', 'mes')).rejects.toMatchObject({ kind: 'not_authentic' })
      const stolen = await database.withTenant('demo', (tx) =>
        world.cloud.secrets.find(tx, 'one', 'mes', { program: 'test' }),
      )
      if (stolen === null) throw new Error('the secret is gone')
      await expect(world.cloud.secrets.open({ ...stolen, tenantId: 'other' })).rejects.toMatchObject({
        kind: 'not_authentic',
      })
      expect(await world.cloud.secrets.open(stolen)).toBe('the first')
      await world.as('DELETE', fill(cloudPaths.secret, { name: 'two' }))
    })

    it('I8: who put, removed or looked at one is in the audit, and no value', async () => {
      await put('audited', 'never to be seen')
      await world.cloud.secrets.get('demo', 'audited', 'mes', { person: 'kim' })
      await world.as('DELETE', fill(cloudPaths.secret, { name: 'audited' }))
      const { body } = await world.as('GET', cloudPaths.audit)
      const entries = body.data.filter((entry: { subject: string }) => entry.subject === 'audited')
      expect(entries.map(({ actor, action }: { actor: string; action: string }) => [actor, action]).sort()).toEqual([
        ['admin', 'secret.put'],
        ['admin', 'secret.remove'],
        ['kim', 'secret.read'],
      ])
      expect(JSON.stringify(body)).not.toContain('never to be seen')
    })

    it('are refused with a sentence: a name with a slash, an empty value, one that is too long, one that is not there', async () => {
      expect((await put('a b', 'x')).status).toBe(400)
      expect((await put('empty', '')).status).toBe(400)
      expect((await put('long', 'x'.repeat(16_001))).status).toBe(400)
      expect((await put('hangul', '가'.repeat(16_000))).status).toBe(200)
      expect((await world.as('DELETE', fill(cloudPaths.secret, { name: 'never' }))).status).toBe(404)
    })

    it('are for administrators alone', async () => {
      await database.withTenant('demo', async (tx) => {
        await tx.run(
          `insert into core.users (tenant_id, login, name, role, password_hash) select tenant_id, 'manager', name, 'manager', password_hash from core.users where login = 'admin'`,
        )
      })
      for (const [method, path] of [
        ['GET', cloudPaths.secrets],
        ['DELETE', fill(cloudPaths.secret, { name: 'one' })],
      ] as const)
        expect((await world.as(method, path, undefined, 'manager')).status).toBe(403)
    })

    it('after a rotation old ones still open, new ones take the new key, and a rewrap moves all, batch by batch', async () => {
      const before = (await list()).keys.find(({ active }) => active)?.key_id
      const count = rewrapBatchRows + 7
      for (let index = 0; index < count; index++) await put(`many-${index}`, `value ${index}`)
      const said: string[] = []
      const command = (...argv: string[]) =>
        runSecretsCommand(argv, {
          masterKeys: keys,
          print: (line) => said.push(line),
          withRewrapper: (work) => work(world.cloud.rewrapper),
        })
      expect(await command('rotate-key')).toBe(true)
      expect(await get('many-0')).toBe('value 0')
      await put('fresh', 'sealed by the new key')
      const between = await list()
      const after = between.keys.find(({ active }) => active)
      expect(after).toMatchObject({ sealed: 1 })
      expect(after?.key_id).not.toBe(before)
      expect(said.join()).toContain(after?.key_id)
      const bodies = () =>
        database.asOwner<{ name: string; tail: string }>(
          `select name, encode(substr(sealed, length(sealed) - 20), 'hex') as tail from core.secrets order by name`,
        )
      const sealedBefore = await bodies()
      expect(await command('rewrap')).toBe(true)
      // The secrets themselves were not touched: their ciphertext is the same.
      expect(await bodies()).toEqual(sealedBefore)
      const done = await list()
      expect(done.keys).toEqual([{ key_id: after?.key_id, active: true, sealed: done.secrets.length }])
      for (let index = 0; index < count; index += 9) expect(await get(`many-${index}`)).toBe(`value ${index}`)
      await expect(command('show')).rejects.toThrow('Use: secrets rotate-key')
      // Nothing is left to do, and it says so.
      expect(await command('rewrap')).toBe(true)
      expect(said.at(-1)).toBe('Nothing is sealed by an older key any more.')
      const { body } = await world.request('GET', '/metrics')
      expect(body).toContain('jidoka_secrets_on_old_keys 0')
      expect(body).toMatch(new RegExp(`^jidoka_secrets_rewrapped_total ${between.secrets.length - 1}$`, 'm'))
    })

    it('a rewrap that ends in the middle is gone on with, and names the rows that it cannot open without stopping at them', async () => {
      await keys.rotate()
      await put('broken', 'x')
      await keys.rotate()
      await database.asOwner(`update core.secrets set sealed = substr(sealed, 1, 30) where name = 'broken'`)
      const report = await world.cloud.rewrapper.run()
      expect([report.failed, report.isWhole]).toEqual([1, true])
      expect(report.problems[0]).toMatch(/^demo core\.secrets broken: .*Restore the row/)
      const { body } = await world.request('GET', '/metrics')
      expect(body).toContain('jidoka_secrets_on_old_keys 1')
      expect(body).toContain('jidoka_secrets_unopened 1')
      const left = await list()
      expect(left.keys.filter(({ active }) => !active)).toMatchObject([{ sealed: 1 }])
      await world.as('DELETE', fill(cloudPaths.secret, { name: 'broken' }))
    })

    it('a rewrap counts files whose key it cannot open, and goes through more of them than a batch', async () => {
      await database.withTenant('demo', (tx) =>
        tx.run(
          `insert into core.objects (tenant_id, id, key, kind, content_type, state, state_at, sealed, key_id, created_at, created_by)
           select id, gen_random_uuid(), 'broken/' || n, 'document', 'text/plain', 'writing', now(), '\\x00', 'gone', now(), 'kim'
           from core.tenants, generate_series(1, $1) n`,
          [rewrapBatchRows + 7],
        ),
      )
      expect((await world.cloud.rewrapper.run()).failed).toBe(rewrapBatchRows + 7)
      const { body } = await world.request('GET', '/metrics')
      expect(body).toContain(`jidoka_secrets_on_old_keys ${rewrapBatchRows + 7}`)
      await database.asOwner(`delete from core.objects where key_id = 'gone'`)
    })

    it('a rewrap that could not ask every database says which, and is not done', async () => {
      const main = { name: 'main', backend: world.store.backend }
      const places: Places = {
        all: [main, { name: 'second', backend: null }],
        of: () => ({ place: main, version: 1 }),
        learn: () => false,
        missed: () => undefined,
      }
      const partly = new Database(world.store.backend, { clock: world.clock, places })
      const said: string[] = []
      const metrics = new SecretMetrics(new Registry())
      const rewrapper = new Rewrapper({ database: partly, envelope: new Envelope(keys), masterKeys: keys, metrics })
      const isDone = await runSecretsCommand(['rewrap'], {
        masterKeys: keys,
        print: (line) => said.push(line),
        withRewrapper: (work) => work(rewrapper),
      })
      expect(isDone).toBe(false)
      expect(said.at(-1)).toContain('The database second did not answer')
    })

    it('a value that is put between the reading and the writing of a rewrap is not written over', async () => {
      const [table] = sealedTables
      if (table === undefined) throw new Error('there are no tables')
      await put('raced', 'the old one')
      const activeKeyId = await keys.rotate()
      const rows = await database.withTenant('demo', (tx) =>
        rowsOfOtherKeys(tx, table, { activeKeyId, after: '', limit: 1_000 }),
      )
      const row = rows.find(({ id }) => id === 'raced')
      if (row === undefined) throw new Error('nothing is left to rewrap')
      const fresh = await new Envelope(keys).rewrap(row.sealed, { tenant: 'demo', ...row })
      await put('raced', 'the new one')
      expect(await database.withTenant('demo', (tx) => replaceSealed(tx, table, row, fresh))).toBe(false)
      expect(await get('raced')).toBe('the new one')
    })

    it('are rewrapped by a job every hour, which fails while there is one that it cannot open', async () => {
      await keys.rotate()
      await put('damaged', 'x')
      await keys.rotate()
      const job = rewrapJob(world.cloud.rewrapper)
      expect(job.schedule).toMatch(/^\d+ \* \* \* \*$/)
      const run = () =>
        job.run({
          id: 'one',
          tenantId: null,
          input: {},
          signal: new AbortController().signal,
          log: createLog('test', { level: 'silent' }),
          progress: () => undefined,
        })
      await database.asOwner(`update core.secrets set sealed = substr(sealed, 1, 30) where name = 'damaged'`)
      await expect(run()).rejects.toThrow('1 sealed rows could not be opened')
      await world.as('DELETE', fill(cloudPaths.secret, { name: 'damaged' }))
      await run()
      expect((await list()).keys.filter(({ active, sealed }) => !active && sealed > 0)).toEqual([])
    })

    it('whose master key is gone say which key to put back, in the log and not to who asked', async () => {
      const file = join(world.store.folder, 'keys', masterKeysFile)
      const held = readFileSync(file, 'utf8')
      await put('orphan', 'x')
      const [, ...others] = (JSON.parse(held) as { keys: unknown[] }).keys
      writeFileSync(file, JSON.stringify({ keys: others }), { mode: 0o600 })
      await expect(get('orphan')).rejects.toMatchObject({ kind: 'unknown_key' })
      await expect(get('orphan')).rejects.toBeInstanceOf(OperationalError)
      writeFileSync(file, held, { mode: 0o600 })
      expect(await get('orphan')).toBe('x')
    })

    it('sealed in a transaction that is rolled back are not there', async () => {
      const sealed = await world.cloud.secrets.seal('demo', { name: 'undone', purpose: 'mes', value: 'x' })
      await expect(
        database.withTenant('demo', async (tx) => {
          await world.cloud.secrets.put(tx, sealed, { program: 'test' })
          throw new Error('undone')
        }),
      ).rejects.toThrow('undone')
      expect(await get('undone')).toBeNull()
    })

    it('opened by another envelope over the same file are the same', async () => {
      await put('shared', 'by two processes')
      const found = await database.withTenant('demo', (tx) =>
        world.cloud.secrets.find(tx, 'shared', 'mes', { program: 'test' }),
      )
      const place = { tenant: 'demo', purpose: 'secret/mes', id: 'shared' }
      expect((await new Envelope(keys).open(found?.sealed ?? new Uint8Array(0), place)).toString()).toBe(
        'by two processes',
      )
    })
  })
}
