import { chmodSync, copyFileSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, ManualClock } from '@jidoka/base'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { remoteLimits } from './limits.ts'
import { ModuleKeys, rotateModuleKey } from './module-keys.ts'
import type { ModuleName } from './module-names.ts'
import { openModuleKeys } from './open.ts'
import { ServiceTokens } from './service-token.ts'

describe('keys of modules', () => {
  const startMs = Date.UTC(2026, 10, 22)
  let root: string
  let clock: ManualClock
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'jidoka-module-keys-'))
    clock = new ManualClock(startMs)
  })
  afterEach(() => rmSync(root, { recursive: true }))
  /** Of one process: its own secret keys, and the public ones of all. */
  const folders = (process: string) => ({ secret: join(root, process), public: join(root, 'public') })
  const open = (...modules: ModuleName[]) => ModuleKeys.open(modules, folders(modules.join('+')), clock)
  const ask = (keys: ModuleKeys) =>
    new ServiceTokens(keys, clock).sign({
      caller: 'gateway',
      module: 'fleet',
      method: 'state',
      tenantId: 'a',
      by: 'kim',
    })
  const believes = (keys: ModuleKeys, token: string) =>
    new ServiceTokens(keys, clock).read(token, { module: 'fleet', method: 'state', callers: ['gateway'] }).then(
      () => true,
      () => false,
    )

  it('are made at the first start, each secret in its own folder, and believed by a process that runs already', async () => {
    const fleet = await open('fleet')
    const gateway = await open('gateway')
    expect(await believes(fleet, await ask(gateway))).toBe(true)
    expect(readdirSync(join(root, 'public')).toSorted()).toEqual(['fleet.pem', 'gateway.pem'])
    expect(readdirSync(join(root, 'gateway'))).toEqual(['gateway.pem'])
    expect(statSync(join(root, 'gateway', 'gateway.pem')).mode & 0o777).toBe(0o600)
    expect([gateway.foreign, () => fleet.signer('gateway')]).toEqual([[], expect.any(Function)])
    expect(() => fleet.signer('gateway')).toThrow('does not run in this process')
  })

  it('of a module that somebody knows already are not made anew: who comes second is not believed', async () => {
    await open('gateway')
    await expect(ModuleKeys.open(['gateway'], folders('elsewhere'), clock)).rejects.toThrow(
      'JIDOKA_CLOUD_MODULE_KEYS names the folder',
    )
    expect(readdirSync(join(root, 'elsewhere'))).toEqual([])
  })

  it('whose public half is another are refused at the start, and secret ones among the public too', async () => {
    await open('gateway')
    await open('fleet')
    renameSync(join(root, 'public', 'fleet.pem'), join(root, 'public', 'gateway.pem'))
    await expect(open('gateway')).rejects.toThrow('no other module believes it')
    copyFileSync(join(root, 'gateway', 'gateway.pem'), join(root, 'public', 'gateway.pem'))
    await expect(open('gateway')).rejects.toThrow('holds a secret key')
  })

  it('of others that lie in the same folder are named: this process could speak for them', async () => {
    await ModuleKeys.open(['gateway'], folders('all'), clock)
    expect((await ModuleKeys.open(['fleet'], folders('all'), clock)).foreign).toEqual(['gateway'])
  })

  it('are believed by whoever reads the public ones: a process that may write there is told so, one that needs not is not', async () => {
    const said: string[] = []
    const log = createLog('test', { destination: { write: (line) => void said.push(line) } })
    const start = async () => {
      said.length = 0
      const { secret, public: publicFolder } = folders('fleet')
      await openModuleKeys({
        config: { modules: ['fleet'], module_keys: { secret, public: publicFolder } },
        keysFolder: root,
        clock,
        log,
      })
      return said.join('')
    }
    const warning = `may write into ${join(root, 'public')}`
    expect(await start()).toContain(warning)
    chmodSync(join(root, 'public', 'fleet.pem'), 0o400)
    chmodSync(join(root, 'public'), 0o500)
    try {
      // Of root no folder is kept by its mode.
      if (process.getuid?.() === 0) expect(await start()).toContain(warning)
      else expect(await start()).toBe('')
    } finally {
      chmodSync(join(root, 'public'), 0o700)
    }
  })

  it('change without a restart: both are believed meanwhile, the old one not for long', async () => {
    const fleet = await open('fleet')
    const gateway = await open('gateway')
    const graceMs = 3_600_000
    const { signsFrom } = await rotateModuleKey('gateway', folders('gateway'), { nowMs: clock.nowMs(), graceMs })
    expect(signsFrom).toBe('2026-11-22T01:00:00Z')
    await expect(rotateModuleKey('gateway', folders('gateway'), { nowMs: clock.nowMs(), graceMs })).rejects.toThrow(
      'does not sign yet',
    )
    for (const keys of [fleet, gateway]) await keys.reload()
    const kid = () => gateway.signer('gateway').kid
    const old = kid()
    expect(await believes(fleet, await ask(gateway))).toBe(true)
    clock.advance(graceMs)
    expect(kid()).not.toBe(old)
    expect(await believes(fleet, await ask(gateway))).toBe(true)
    expect(await fleet.find(old)).not.toBeNull()
    clock.advance(remoteLimits.keyOverlapMs)
    expect([await fleet.find(old), await fleet.find(kid())]).toMatchObject([null, { module: 'gateway' }])
  })

  it('a thief of an old one signs nothing that counts, and a next one not before its time', async () => {
    const fleet = await open('fleet')
    const thief = await open('gateway')
    const graceMs = 86_400_000
    await rotateModuleKey('gateway', folders('gateway'), { nowMs: clock.nowMs(), graceMs })
    await fleet.reload()
    const early = await ModuleKeys.open(['gateway'], folders('gateway'), new ManualClock(startMs + graceMs))
    expect(await fleet.find(early.signer('gateway').kid)).toBeNull()
    clock.advance(graceMs + remoteLimits.keyOverlapMs)
    // It has not read the next one.
    expect(await believes(fleet, await ask(thief))).toBe(false)
  })

  it('are made beforehand by command, and a folder of public ones that nobody may write is enough', async () => {
    for (const module of ['gateway', 'fleet'] as const)
      expect(await rotateModuleKey(module, folders(module), { nowMs: startMs, graceMs: 0 })).toMatchObject({
        file: `${module}.pem`,
        signsFrom: null,
      })
    chmodSync(join(root, 'public'), 0o500)
    try {
      expect(await believes(await open('fleet'), await ask(await open('gateway')))).toBe(true)
    } finally {
      chmodSync(join(root, 'public'), 0o700)
    }
    expect(existsSync(join(root, 'public', 'gateway.pem'))).toBe(true)
  })

  it('I10: of names that nobody has are looked for when something was written, and once a second, no more', async () => {
    const fleet = await open('fleet')
    const reload = vi.spyOn(fleet, 'reload')
    for (let time = 0; time < 10; time++) expect(await fleet.find(`gateway:${time}`)).toBeNull()
    expect(reload).toHaveBeenCalledTimes(0)
    clock.advance(remoteLimits.keyLookMs)
    for (let time = 0; time < 10; time++) expect(await fleet.find(`gateway:${time}`)).toBeNull()
    expect(reload).toHaveBeenCalledTimes(1)
  })
})
