import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock, systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { keeperLimits } from './ask-keeper.ts'
import { Envelope } from './envelope.ts'
import { VaultClient, vaultLimits } from './vault-client.ts'
import type { VaultAuth, VaultClientOptions } from './vault-client.ts'
import { VaultKeys } from './vault-keys.ts'
import { VaultStub } from './vault-stub.ts'

const place = { tenant: 'demo', purpose: 'mes', id: 'password' }
const root: VaultAuth = { kind: 'token', token: 'root' }
/** Waits between attempts are none; time-outs of requests are as they are. */
const hasty: Clock = {
  ...systemClock,
  after: (delayMs, run) => systemClock.after(delayMs < keeperLimits.requestMs ? 0 : delayMs, run),
}
const keysOf = (options: Omit<VaultClientOptions, 'clock'> & Partial<VaultClientOptions>) =>
  new VaultKeys(new VaultClient({ clock: hasty, ...options }), { mount: 'transit', key: 'jidoka' })

/** A Vault with a transit key "jidoka": ours, or a real one that whoever runs the tests has started. */
const vaults: { name: string; open: () => Promise<{ url: string; token: string; close: () => Promise<void> }> }[] = [
  {
    name: 'a server that speaks its API',
    open: async () => {
      const stub = new VaultStub()
      return { url: await stub.listen(), token: 'root', close: () => stub.close() }
    },
  },
]
const { JIDOKA_TEST_VAULT_URL: realUrl, JIDOKA_TEST_VAULT_TOKEN: realToken } = process.env
if (realUrl !== undefined && realToken !== undefined)
  vaults.push({
    name: 'a real Vault',
    open: async () => {
      const make = async (path: string, body: object) => {
        const headers = { 'x-vault-token': realToken }
        await fetch(`${realUrl}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      }
      await make('sys/mounts/transit', { type: 'transit' })
      await make('transit/keys/jidoka', { type: 'aes256-gcm96' })
      return { url: realUrl, token: realToken, close: () => Promise.resolve() }
    },
  })

describe.each(vaults)('master keys in $name', ({ open }) => {
  let vault: Awaited<ReturnType<typeof open>>
  let keys: VaultKeys
  beforeAll(async () => {
    vault = await open()
    keys = keysOf({ url: vault.url, auth: { kind: 'token', token: vault.token } })
  })
  afterAll(() => vault.close())

  it('seal and open, bound to their place', async () => {
    const envelope = new Envelope(keys)
    const { bytes, keyId } = await envelope.seal(Buffer.from('비밀'), place)
    expect(keyId).toBe(await keys.activeKeyId())
    expect((await envelope.open(bytes, place)).toString()).toBe('비밀')
    const unknown = { keyId: 'vault:transit/jidoka:v99', wrapped: Buffer.from(`vault:v99:${'A'.repeat(88)}`) }
    await expect(keys.unwrap(unknown, Buffer.alloc(0))).rejects.toMatchObject({ kind: 'unknown_key' })
    await expect(envelope.open(bytes, { ...place, tenant: 'other' })).rejects.toMatchObject({ kind: 'not_authentic' })
  })

  it('are rotated: the next version wraps, the one before still opens, a rewrap moves to it', async () => {
    const envelope = new Envelope(keys)
    const before = await envelope.seal(Buffer.from('x'), place)
    const active = await keys.rotate()
    expect(active).not.toBe(before.keyId)
    expect((await envelope.open(before.bytes, place)).toString()).toBe('x')
    const fresh = await envelope.rewrap(before.bytes, place)
    expect(fresh.keyId).toBe(active)
    expect((await envelope.open(fresh.bytes, place)).toString()).toBe('x')
  })

  it('refuse a wrong token and a key that is not there with what to do', async () => {
    const wrong = keysOf({ url: vault.url, auth: { kind: 'token', token: 'hvs.wrong' } })
    await expect(wrong.activeKeyId()).rejects.toThrow(/Vault refuses transit\/keys\/jidoka.*policy/)
    await expect(wrong.activeKeyId()).rejects.not.toThrow('hvs.wrong')
    const client = new VaultClient({ url: vault.url, auth: { kind: 'token', token: vault.token }, clock: systemClock })
    await expect(new VaultKeys(client, { mount: 'transit', key: 'none' }).activeKeyId()).rejects.toMatchObject({
      kind: 'misconfigured',
    })
    await expect(new VaultKeys(client, { mount: 'none', key: 'jidoka' }).activeKeyId()).rejects.toMatchObject({
      kind: 'misconfigured',
    })
  })
})

describe('Vault', () => {
  let stub: VaultStub
  let url: string
  let clock: ManualClock
  let folder: string
  beforeEach(async () => {
    stub = new VaultStub()
    url = await stub.listen()
    clock = new ManualClock()
    folder = mkdtempSync(join(tmpdir(), 'jidoka-vault-'))
  })
  afterEach(async () => {
    await stub.close()
    rmSync(folder, { recursive: true })
  })

  /** Turns the clock until the answer is there. */
  const settled = async <Result>(work: Promise<Result>): Promise<Result> => {
    const later = Symbol('later')
    for (;;) {
      clock.advance(vaultLimits.requestMs)
      const first = await Promise.race([work, new Promise<typeof later>((resolve) => setImmediate(resolve, later))])
      if (first !== later) return first
    }
  }

  it('that elects a leader is asked again, and no more often than that', async () => {
    stub.failures.push({ status: 503 }, { status: 429 })
    const keys = keysOf({ url, auth: root })
    expect(await keys.activeKeyId()).toBe('vault:transit/jidoka:v1')
    expect(stub.requests).toHaveLength(3)
    stub.failures.push({ status: 503 }, { status: 503 }, { status: 503, body: '{"errors":["Vault is sealed"]}' })
    await expect(keys.activeKeyId()).rejects.toThrow('Vault is sealed or not ready')
  })

  it('that hangs is given up in bounded time, that is not there at once', async () => {
    stub.isHanging = true
    await expect(settled(keysOf({ url, auth: root, clock }).activeKeyId())).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('no answer within 3000 ms'),
    })
    await expect(keysOf({ url: 'http://127.0.0.1:1', auth: root }).activeKeyId()).rejects.toMatchObject({
      kind: 'unavailable',
    })
  })

  it('that sends us elsewhere is not followed, as the token would go along', async () => {
    stub.failures.push({ status: 307, headers: { location: 'http://127.0.0.1:9/' } })
    await expect(keysOf({ url, auth: root }).activeKeyId()).rejects.toThrow('sends us elsewhere')
    expect(stub.requests).toHaveLength(1)
  })

  it('in whose place another program answers is told from it', async () => {
    stub.failures.push({ status: 200, body: '<html>' })
    await expect(keysOf({ url, auth: root }).activeKeyId()).rejects.toThrow('does not speak as Vault does')
    stub.failures.push({ status: 200, body: 'x'.repeat(vaultLimits.answerBytesMax + 1) })
    stub.failures.push(
      ...Array.from({ length: 2 }, () => ({ status: 200, body: 'x'.repeat(vaultLimits.answerBytesMax + 1) })),
    )
    await expect(keysOf({ url, auth: root }).activeKeyId()).rejects.toThrow('too large')
  })

  it('is reached by https, on this machine by http too', () => {
    expect(() => keysOf({ url: 'http://vault.example:8200', auth: root })).toThrow('https://')
    expect(() => keysOf({ url: 'https://vault.example:8200', auth: root })).not.toThrow()
  })

  it('is told the namespace, and that no browser was tricked into the request', async () => {
    await keysOf({ url, auth: root, namespace: 'plants/ulsan' }).activeKeyId()
    expect(stub.requests[0]?.headers).toMatchObject({ 'x-vault-namespace': 'plants/ulsan', 'x-vault-request': 'true' })
  })

  it('lets a pod in by its service account, once for many requests, and anew before the token ends', async () => {
    const jwtFile = join(folder, 'token')
    writeFileSync(jwtFile, 'a pod\n')
    const auth: VaultAuth = { kind: 'kubernetes', mount: 'kubernetes', role: 'jidoka', jwtFile }
    const keys = keysOf({ url, auth, clock })
    await Promise.all(Array.from({ length: 5 }, () => keys.activeKeyId()))
    expect(stub.logins).toBe(1)
    clock.advance(stub.leaseS * 1_000 * vaultLimits.tokenTimePart)
    await keys.activeKeyId()
    expect(stub.logins).toBe(2)
    // Revoked before its time.
    stub.tokens.clear()
    await keys.activeKeyId()
    expect(stub.logins).toBe(3)
    writeFileSync(jwtFile, 'another pod')
    stub.tokens.clear()
    await expect(keys.activeKeyId()).rejects.toMatchObject({ kind: 'refused' })
  })

  it('is asked with the token that its agent has written last, and a file that is not there is a sentence', async () => {
    const file = join(folder, 'agent-token')
    const keys = keysOf({ url, auth: { kind: 'token_file', file } })
    await expect(keys.activeKeyId()).rejects.toThrow(`The token file ${file} cannot be read`)
    writeFileSync(file, 'root')
    await keys.activeKeyId()
    stub.tokens.clear()
    stub.tokens.add('next')
    writeFileSync(file, 'next')
    expect(await keys.activeKeyId()).toBe('vault:transit/jidoka:v1')
  })

  it('with another key is not asked for what this one has not sealed', async () => {
    const { bytes } = await new Envelope(keysOf({ url, auth: root })).seal(Buffer.from('x'), place)
    const other = new VaultKeys(new VaultClient({ url, auth: root, clock }), { mount: 'transit', key: 'other' })
    await expect(new Envelope(other).open(bytes, place)).rejects.toMatchObject({ kind: 'unknown_key' })
  })
})
