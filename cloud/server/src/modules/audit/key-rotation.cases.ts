import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, uuidv7 } from '@jidoka/base'
import type { ManualClock } from '@jidoka/base'
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
import { macOf, withMicroseconds } from './entry-form.ts'

/*
 * I9 across a change of the key of the audit log. Goal: what the old key signed while it was in force stays believed, the change stands in the log, and nothing that
 * the old key signs afterwards counts, whatever time it claims; nor does anything under a list of keys that was changed. The adversary has the database as its owner, the
 * file of checkpoints, and the *old* key; not the folder, but where a case says so. Really run: the program, the command, the database, the files.
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
    const chainWith = (auditKeys: AuditKeys) =>
      new AuditChain({
        database: new Database(store.backend, { clock }),
        clock,
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
    const lastPosition = async (): Promise<number> => (await chain.status('demo')).position

    beforeAll(async () => {
      store = await newStore()
      keysFolder = join(store.folder, 'keys')
      world = await World.open(store)
      ;({ clock } = world)
      keys = new AuditKeys(await ring())
      chain = chainWith(keys)
      oldKey = keys.active
      for (const siteCode of ['ONE', 'TWO', 'THREE']) await world.newToken({ siteCode })
      await chain.sealer.seal('demo', true)
      expect(await run('rotate-key', '1')).toBe(true)
      newFile = /Back up (audit-\w+\.pem)/.exec(said[0] ?? '')?.[1] ?? ''
      // The program reads the folder by itself, long before the new key is in force.
      clock.advance(keysEveryMs)
      await world.newToken({ siteCode: 'STILL-OLD' })
      await chain.sealer.seal('demo', true)
      clock.advance(3 * 3_600_000)
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
      const id = uuidv7(clock.nowMs())
      const at = new Date(clock.nowMs()).toISOString()
      const entry = { actor: 'kim', action: 'rule.save', subject: 'x' }
      const form = {
        tenant_id: 'demo',
        id,
        at: withMicroseconds(at),
        ...entry,
        detail: {},
        edge_id: null,
        epoch: null,
        seq: null,
      }
      const put = (mac: Buffer) =>
        own(
          `insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail, mac) values ('demo', $1, $2, 'kim', 'rule.save', 'x', '{}', $3)`,
          [id, at, mac],
        )
      await put(macOf(oldKey, form))
      expect(await kinds()).toEqual(['not_ours'])
      await own('alter table audit.audit_logs disable trigger user')
      await own('update audit.audit_logs set mac = $2 where id = $1', [id, macOf(keys.active, form)])
      await own('alter table audit.audit_logs enable trigger user')
      expect(await kinds()).toEqual([])
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
