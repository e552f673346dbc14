import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, uuidv7 } from '@jidoka/base'
import { ManualClock } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database } from '../../platform/db/database.ts'
import { KeyRing } from '../../platform/key-ring.ts'
import { keysEveryMs } from '../../platform/keys-watch.ts'
import { Metrics } from '../../platform/metrics.ts'
import type { NewStore, TestStore } from '../../testing/stores.ts'
import { World } from '../../testing/world.ts'
import { AuditChain } from './audit-chain.ts'
import { runAuditCommand } from './audit-command.ts'
import { AuditKey } from './audit-key.ts'
import { AuditKeys } from './audit-keys.ts'
import { signCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { chainStart, hashOf, macOf, withMicroseconds } from './entry-form.ts'
import type { SealedEntry } from './entry-form.ts'
import { insertEntries } from './repository.ts'

/*
 * I9 across a change of the key of the audit log. Goal: what the old key signed while it was in force stays believed, the change stands in the log, and nothing that
 * the old key signs afterwards counts, whatever time it claims; nor does anything under a list of keys that was changed. The adversary has the database as its owner, the
 * file of checkpoints, and the *old* key; or no more of the database than the program's own role. Not the folder, but where a case says so. Really run: the program, the command, the database, the files.
 */

export function keyRotationCases(newStore: NewStore): void {
  describe('audit key', () => {
    let world: World
    let store: TestStore
    let clock: ManualClock
    let chain: AuditChain
    let keys: AuditKeys
    let keysFolder: string
    let oldKey: AuditKey
    let newFile: string
    /** From when on the new key signs. */
    let changeMs: number
    const folder = mkdtempSync(join(tmpdir(), 'jidoka-audit-keys-'))
    const checkpointFile = join(folder, 'demo.jsonl')
    const exported = join(folder, 'export.jsonl')
    const said: string[] = []
    const ring = () => KeyRing.open(keysFolder, 'audit', () => clock.nowMs())
    const run = (...argv: string[]) => {
      said.length = 0
      return runAuditCommand(argv, {
        tenant: 'demo',
        print: (line) => said.push(line),
        publicKey: () => Promise.resolve(keys.active.publicKeyText),
        rotateKey: async (graceMs) => (await ring()).rotate(graceMs),
        withChain: (work) => work(chain, ['demo'], []),
      })
    }
    const own = (text: string, values: unknown[] = []) => store.backend.pool.query(text, values)
    const kinds = async (of = chain) => [
      ...new Set((await of.verifier.verify('demo')).findings.map(({ kind }) => kind)),
    ]
    const chainWith = (auditKeys: AuditKeys, ownClock: ManualClock = clock) =>
      new AuditChain({
        database: new Database(store.backend, { clock: ownClock }),
        clock: ownClock,
        log: createLog('test', { level: 'silent' }),
        metrics: new Metrics(),
        keys: auditKeys,
        checkpointFolder: folder,
      })
    /** Lines that somebody adds to the file outside of the database, and what is said of them. */
    async function withLine(checkpoint: Checkpoint): Promise<string[]> {
      const before = readFileSync(checkpointFile)
      writeFileSync(checkpointFile, `${before.toString()}${JSON.stringify(checkpoint)}\n`)
      try {
        return await kinds()
      } finally {
        writeFileSync(checkpointFile, before)
      }
    }
    const bodyAt = async (position: number, at: string) => {
      const { rows } = await own(
        `select encode(hash, 'hex') as hash from audit.chain where tenant_id = 'demo' and position = $1`,
        [position],
      )
      return { tenant_id: 'demo', at, position, hash: String(rows[0]?.hash), adopted: 0 }
    }
    const checkpoints = () =>
      readFileSync(checkpointFile, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Checkpoint)
    const formOf = (tenantId: string, at: string): SealedEntry => ({
      tenant_id: tenantId,
      id: uuidv7(Date.parse(at)),
      at: withMicroseconds(at),
      actor: 'kim',
      action: 'rule.save',
      subject: 'x',
      detail: {},
      edge_id: null,
      epoch: null,
      seq: null,
    })
    const isoAt = (ms: number) => new Date(ms).toISOString()
    /** What somebody can do who has the program's password of the database and the old key: an entry, and its link at a time of their choice. */
    async function putLinked(tenantId: string, sealedAt: string): Promise<{ entry: SealedEntry; position: number }> {
      const entry = formOf(tenantId, sealedAt)
      const position = await new Database(store.backend, { clock }).withTenant(tenantId, async (tx) => {
        await tx.run(
          `insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail, mac) values ($1, $2, $3, 'kim', 'rule.save', 'x', '{}', $4)`,
          [tenantId, entry.id, sealedAt, macOf(oldKey, entry)],
        )
        await tx.run('delete from audit.unsealed where tenant_id = $1 and entry_id = $2', [tenantId, entry.id])
        const [head] = await tx.query<{ position: number; hash: Buffer }>(
          'select position, hash from audit.chain where tenant_id = $1 order by position desc limit 1',
          [tenantId],
        )
        const next = (head?.position ?? 0) + 1
        const link = { position: next, sealedAt: withMicroseconds(sealedAt), entryId: entry.id, entry }
        await tx.run(
          'insert into audit.chain (tenant_id, position, entry_id, sealed_at, hash) values ($1, $2, $3, $4, $5)',
          [tenantId, next, entry.id, sealedAt, hashOf(head?.hash ?? chainStart, link)],
        )
        return next
      })
      return { entry, position }
    }
    /** As only its owner can, and with the new key. */
    async function mendMac(entry: SealedEntry): Promise<void> {
      await own('alter table audit.audit_logs disable trigger user')
      await own('update audit.audit_logs set mac = $2 where id = $1', [entry.id, macOf(keys.active, entry)])
      await own('alter table audit.audit_logs enable trigger user')
    }
    const lastPosition = async (): Promise<number> => (await chain.status('demo')).position

    beforeAll(async () => {
      store = await newStore()
      keysFolder = join(store.folder, 'keys')
      world = await World.open(store)
      ;({ clock } = world)
      await World.open(store, { clock, tenant: 'idle' }).then(({ cloud }) => cloud.stop())
      keys = new AuditKeys(await ring())
      chain = chainWith(keys)
      oldKey = keys.active
      for (const siteCode of ['ONE', 'TWO', 'THREE']) await world.newToken({ siteCode })
      await chain.sealer.seal('demo', true)
      expect(await run('rotate-key', '1')).toBe(true)
      changeMs = clock.nowMs() + 3_600_000
      newFile = /Back up (audit-\w+\.pem)/.exec(said[0] ?? '')?.[1] ?? ''
      // The program reads the folder by itself, long before the new key is in force.
      clock.advance(keysEveryMs)
      await world.newToken({ siteCode: 'STILL-OLD' })
      await chain.sealer.seal('demo', true)
      await chain.sealer.seal('idle', true)
      clock.advance(changeMs - clock.nowMs() + 10_000)
      await chain.sealer.seal('idle', true)
      // Another process, whose clock is behind: by its own, the old key is in force.
      const slow = chainWith(keys, new ManualClock(changeMs - 5_000))
      await new Database(store.backend, { clock }).withTenant('idle', (tx) =>
        insertEntries(tx, oldKey, [
          {
            id: uuidv7(changeMs),
            atMs: changeMs - 5_000,
            actor: 'kim',
            action: 'rule.save',
            subject: 'late',
            detail: {},
            source: null,
          },
        ]),
      )
      await slow.sealer.seal('idle', true)
      clock.advance(2 * 3_600_000)
      await world.newToken({ siteCode: 'NEW' })
      await chain.sealer.seal('demo', true)
    })
    afterAll(async () => {
      await world.close()
      rmSync(folder, { recursive: true })
    })

    it('I9: changes without a break: checkpoints of both are believed, and the log says by itself when and which', async () => {
      expect(keys.active.keyId).not.toBe(oldKey.keyId)
      expect(await kinds()).toEqual([])
      expect([...new Set(checkpoints().map(({ key_id: id }) => id))]).toEqual([oldKey.keyId, keys.active.keyId])
      const { body } = await world.as('GET', `${cloudPaths.audit}?action=audit.key_change`)
      expect(body.data).toMatchObject([
        {
          actor: 'system',
          subject: keys.active.keyId,
          detail: { previous: oldKey.keyId, public_key: keys.active.publicKeyText },
        },
      ])
      await chain.sealer.seal('demo', true)
      expect((await world.as('GET', `${cloudPaths.audit}?action=audit.key_change`)).body.data).toHaveLength(1)
      expect(await run('verify')).toBe(true)
    })

    it('I9: an export is checked with whichever of the public keys somebody has, old or new', async () => {
      await run('export', '--to', exported)
      expect(await run('check', exported, `--key=${oldKey.publicKeyText}`)).toBe(true)
      expect(await run('check', exported, `--key=${keys.active.publicKeyText}`)).toBe(true)
    })

    it('I9: an export that the old key alone has signed is refused by who has the new one', async () => {
      await run('export', '--to', exported)
      const [line = ''] = readFileSync(exported, 'utf8').split('\n')
      const at = isoAt(changeMs - 600_000)
      const entry = formOf('demo', at)
      const link = { position: 1, sealedAt: withMicroseconds(at), entryId: entry.id, entry }
      const hash = hashOf(chainStart, link).toString('hex')
      const made = [
        { ...(JSON.parse(line) as object), positions: 1 },
        { kind: 'link', position: 1, sealed_at: link.sealedAt, entry_id: entry.id, hash, entry },
        { kind: 'checkpoint', ...signCheckpoint(oldKey, { tenant_id: 'demo', at, position: 1, hash, adopted: 0 }) },
      ]
      writeFileSync(exported, made.map((each) => JSON.stringify(each)).join('\n'))
      expect(await run('check', exported, `--key=${keys.active.publicKeyText}`)).toBe(false)
      expect(said.join('\n')).toContain('by a key of before the one that was given alone')
      // Why nobody may go on with the public half of a key that was stolen.
      expect(await run('check', exported, `--key=${oldKey.publicKeyText}`)).toBe(true)
    })

    it.each([
      [
        'a key that is another',
        (text: string, fresh: AuditKey) => text.replace(keys.active.publicKeyText, fresh.publicKeyText),
      ],
      ['a time that is another', (text: string) => text.replace(/"from":"2026-11-21T1\d/, '"from":"2026-11-21T09')],
      ['a key that was left out', (text: string) => text.replace(/,\{"key_id":"[^}]+\}/, '')],
    ])('I9: an export whose list of keys has %s is refused', async (_what, change) => {
      await run('export', '--to', exported)
      const whole = readFileSync(exported, 'utf8')
      const changed = change(whole, await strangersKey())
      expect(changed).not.toBe(whole)
      writeFileSync(exported, changed)
      expect(await run('check', exported, `--key=${oldKey.publicKeyText}`)).toBe(false)
      expect(said.join('\n')).toContain('the list of keys is not signed by the key that was given')
    })

    it('I9: a checkpoint that was signed anew with the new key, or with one of nobody, is named', async () => {
      const [first] = checkpoints()
      const body = await bodyAt(first?.position ?? 1, first?.at ?? '')
      expect(await withLine(signCheckpoint(oldKey, body))).toEqual([])
      expect(await withLine(signCheckpoint(keys.active, body))).toEqual(['untimely'])
      expect(await withLine(signCheckpoint(await strangersKey(), body))).toEqual(['forged'])
      expect(await withLine({ ...signCheckpoint(await strangersKey(), body), key_id: oldKey.keyId })).toEqual([
        'forged',
      ])
    })

    it('I9: nothing that the old key signs afterwards counts, whatever time it claims', async () => {
      const position = await lastPosition()
      const now = new Date(clock.nowMs()).toISOString()
      expect(await withLine(signCheckpoint(oldKey, await bodyAt(position, now)))).toEqual(['untimely'])
      const before = checkpoints().findLast(({ key_id: id }) => id === oldKey.keyId)?.at ?? ''
      expect(await withLine(signCheckpoint(oldKey, await bodyAt(position, before)))).toEqual(['untimely'])
    })

    it('I9: an entry that was written with the old key afterwards is not one of ours', async () => {
      const at = isoAt(clock.nowMs())
      const entry = formOf('demo', at)
      await own(
        `insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail, mac) values ('demo', $1, $2, 'kim', 'rule.save', 'x', '{}', $3)`,
        [entry.id, at, macOf(oldKey, entry)],
      )
      expect(await kinds()).toEqual(['not_ours'])
      await mendMac(entry)
      expect(await kinds()).toEqual([])
    })

    it('I9: an entry whose link was made by hand and says a time of the old key is not one of ours, nor does a checkpoint of it count', async () => {
      await chain.sealer.seal('demo', true)
      const before = isoAt(changeMs - 600_000)
      const { entry, position } = await putLinked('demo', before)
      expect(await kinds()).toEqual(['not_ours'])
      const part = await chain.verifier.verify('demo', { from: isoAt(clock.nowMs()) })
      expect(part.findings.map(({ kind }) => kind)).toEqual(['not_ours'])
      await mendMac(entry)
      expect(await kinds()).toEqual([])
      const signed = signCheckpoint(oldKey, await bodyAt(position, before))
      expect(await withLine(signed)).toEqual(['untimely'])
      await run('export', '--to', exported)
      expect(await run('check', exported, `--key=${keys.active.publicKeyText}`)).toBe(true)
      const lines = readFileSync(exported, 'utf8').split('\n')
      const at = lines.findIndex((line) => line.includes(`"kind":"link","position":${position},`))
      lines.splice(at + 1, 0, JSON.stringify({ kind: 'checkpoint', ...signed }))
      writeFileSync(exported, lines.join('\n'))
      expect(await run('check', exported, `--key=${keys.active.publicKeyText}`)).toBe(false)
      expect(said.join('\n')).toContain('by a key that was not in force')
    })

    it('I9: an hour behind the change a log in which nothing has happened has a link all the same, and the old key is too late there', async () => {
      await chain.sealer.seal('idle')
      await chain.sealer.seal('idle')
      const { rows } = await own(
        `select action, subject from audit.audit_logs where tenant_id = 'idle' and action like 'audit.key%' order by at`,
      )
      expect(rows).toEqual([
        { action: 'audit.key_change', subject: keys.active.keyId },
        { action: 'audit.key_closed', subject: oldKey.keyId },
      ])
      const kindsOfIdle = async () => (await chain.verifier.verify('idle')).findings.map(({ kind }) => kind)
      expect(await kindsOfIdle()).toEqual([])
      await putLinked('idle', isoAt(changeMs + 20_000))
      expect(await kindsOfIdle()).toEqual(['not_ours'])
    })

    it('a next one is refused while one waits, and a grace that is none', async () => {
      await expect(run('rotate-key', '0')).rejects.toThrow('The grace is from 0.25 to 8760 hours')
      expect(await run('rotate-key')).toBe(true)
      await expect(run('rotate-key')).rejects.toThrow('is not in force yet')
    })

    it('I9: a key whose file says another time, or is gone, leaves checkpoints without belief', async () => {
      const after = async (from: string, to: string) => {
        renameSync(from, to)
        try {
          return await kinds(chainWith(new AuditKeys(await ring())))
        } finally {
          renameSync(to, from)
        }
      }
      const file = join(keysFolder, newFile)
      expect(await after(file, join(keysFolder, 'audit-20261121T090030Z.pem'))).toContain('untimely')
      expect(await kinds()).toEqual([])
      // That program goes on with the old key, and is found out for it when the folder is mended.
      expect(await after(file, `${file}.gone`)).toContain('forged')
      expect(await kinds()).toContain('untimely')
    })

    async function strangersKey(): Promise<AuditKey> {
      const elsewhere = mkdtempSync(join(folder, 'stranger-'))
      return new AuditKey((await KeyRing.open(elsewhere, 'audit', () => clock.nowMs())).active)
    }
  })
}
