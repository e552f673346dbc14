import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Envelope } from './envelope.ts'
import type { SecretPlace } from './envelope.ts'
import { EnvironmentKeys } from './environment-keys.ts'
import { KeyFile } from './key-file.ts'
import { fingerprintOf } from './key-ring.ts'
import { decodeSealed, encodeSealed, secretBytesMax } from './sealed-format.ts'

const place: SecretPlace = { tenant: 'demo', purpose: 'mes', id: 'password' }
const keyText = () => randomBytes(32).toString('base64')
const openText = async (envelope: Envelope, sealed: Uint8Array, at = place) =>
  (await envelope.open(sealed, at)).toString()

describe('a sealed secret', () => {
  const keys = new EnvironmentKeys(keyText())
  const envelope = new Envelope(keys)

  it('opens where it was sealed, and sealing twice gives nothing in common but the key', async () => {
    const [one, two] = [
      await envelope.seal(Buffer.from('비밀'), place),
      await envelope.seal(Buffer.from('비밀'), place),
    ]
    expect(await openText(envelope, one.bytes)).toBe('비밀')
    expect(one.keyId).toBe(two.keyId)
    const [left, right] = [decodeSealed(one.bytes), decodeSealed(two.bytes)]
    expect(Buffer.from(left.wrapped).equals(right.wrapped)).toBe(false)
    expect(Buffer.from(left.body).equals(right.body)).toBe(false)
  })

  it('I6: opens for no other tenant, purpose or id, however their letters are divided', async () => {
    const { bytes } = await envelope.seal(Buffer.from('x'), place)
    for (const other of [
      { ...place, tenant: 'other' },
      { ...place, purpose: 'erp' },
      { ...place, id: 'passwor' },
      { tenant: 'demom', purpose: 'es', id: 'password' },
      { tenant: 'demo', purpose: 'mespassword', id: '' },
    ])
      await expect(envelope.open(bytes, other)).rejects.toMatchObject({ kind: 'not_authentic' })
  })

  it('does not open after any one bit of it was turned', async () => {
    const { bytes } = await envelope.seal(Buffer.from('secret'), place)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      await expect(envelope.open(changed, place)).rejects.toMatchObject({ name: 'SecretError' })
    }
  })

  it('does not open with the data key or the ciphertext of another secret of the same place', async () => {
    const [one, two] = [await envelope.seal(Buffer.from('1'), place), await envelope.seal(Buffer.from('2'), place)]
    const [left, right] = [decodeSealed(one.bytes), decodeSealed(two.bytes)]
    const mixed = encodeSealed({ ...left, wrapped: right.wrapped })
    await expect(envelope.open(mixed, place)).rejects.toMatchObject({ kind: 'not_authentic' })
  })

  it('is read byte for byte as it was written, and any other bytes are refused as damaged', async () => {
    const bytes = (max: number, min = 0) => fc.uint8Array({ minLength: min, maxLength: max })
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 60 }),
        bytes(300, 1),
        bytes(12, 12),
        bytes(200, 16),
        (keyId, wrapped, nonce, body) => {
          const read = decodeSealed(encodeSealed({ keyId, wrapped, nonce, body }))
          expect([read.keyId, ...[read.wrapped, read.nonce, read.body].map((part) => [...part])]).toEqual([
            Buffer.from(keyId).toString(),
            ...[wrapped, nonce, body].map((part) => [...part]),
          ])
        },
      ),
    )
    await fc.assert(
      fc.asyncProperty(bytes(200), async (rubbish) => {
        await expect(envelope.open(rubbish, place)).rejects.toMatchObject({ name: 'SecretError' })
        await expect(envelope.open(Buffer.concat([Buffer.from('JS\u0001'), rubbish]), place)).rejects.toMatchObject({
          name: 'SecretError',
        })
      }),
    )
  })

  it('has a bound, and says which format it has when it is of a newer program', async () => {
    await expect(envelope.seal(new Uint8Array(secretBytesMax + 1), place)).rejects.toThrow(RangeError)
    const { bytes } = await envelope.seal(new Uint8Array(secretBytesMax), place)
    expect(await envelope.open(bytes, place)).toHaveLength(secretBytesMax)
    bytes[2] = 2
    await expect(envelope.open(bytes, place)).rejects.toThrow('format 2')
  })

  it('is rewrapped without its ciphertext changing, and opens with the new key alone afterwards', async () => {
    const [older, newer] = [keyText(), keyText()]
    const { bytes } = await new Envelope(new EnvironmentKeys(older)).seal(Buffer.from('kept'), place)
    const rotated = new Envelope(new EnvironmentKeys(`${newer},${older}`))
    const fresh = await rotated.rewrap(bytes, place)
    expect(fresh.keyId).toBe(fingerprintOf(Buffer.from(newer, 'base64')))
    expect([...decodeSealed(fresh.bytes).body]).toEqual([...decodeSealed(bytes).body])
    const alone = new Envelope(new EnvironmentKeys(newer))
    expect(await openText(alone, fresh.bytes)).toBe('kept')
    await expect(alone.open(bytes, place)).rejects.toMatchObject({ kind: 'unknown_key' })
    await expect(rotated.rewrap(bytes, { ...place, tenant: 'other' })).rejects.toMatchObject({ kind: 'not_authentic' })
  })
})

describe('master keys in the environment', () => {
  it.each(['', ',', 'short', `${'A'.repeat(43)}!`, Array.from({ length: 17 }, () => 'A'.repeat(43)).join(',')])(
    'refuse "%s" with how to make one',
    (text) => {
      expect(() => new EnvironmentKeys(text)).toThrow('openssl rand -base64 32')
    },
  )

  it('take both alphabets of base64, and cannot be rotated from here', async () => {
    const key = Buffer.alloc(32, 0xfb)
    const ids = [key.toString('base64'), key.toString('base64url')].map((text) =>
      new EnvironmentKeys(text).activeKeyId(),
    )
    expect(new Set(await Promise.all(ids)).size).toBe(1)
    await expect(new EnvironmentKeys(key.toString('base64')).rotate()).rejects.toMatchObject({ kind: 'misconfigured' })
  })
})

describe('master keys in a file', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'jidoka-master-keys-'))
    file = join(folder, 'master-keys.json')
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const open = () => KeyFile.open(file, () => Date.UTC(2026, 10, 21))

  it('are made once, for their owner alone', async () => {
    const first = await open().activeKeyId()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await open().activeKeyId()).toBe(first)
  })

  it('are refused when others can read them, also when that was changed while the program runs', async () => {
    const keys = open()
    await keys.activeKeyId()
    writeFileSync(file, readFileSync(file), { mode: 0o600 })
    chmodSync(file, 0o640)
    expect(open).toThrow('chmod 600')
    writeFileSync(file, `${readFileSync(file, 'utf8')} `)
    await expect(keys.activeKeyId()).rejects.toThrow('chmod 600')
  })

  it('that are rotated by one process wrap in the other without a restart, and older ones still open', async () => {
    const [one, other] = [open(), open()]
    const { bytes } = await new Envelope(one).seal(Buffer.from('before'), place)
    const newId = await other.rotate()
    expect(await one.activeKeyId()).toBe(newId)
    expect((await new Envelope(one).seal(Buffer.from('after'), place)).keyId).toBe(newId)
    expect(await openText(new Envelope(other), bytes)).toBe('before')
  })

  it('that two programs make at once are those of one of them, and two rotations at once are refused', async () => {
    writeFileSync(`${file}.rotating`, '')
    await expect(open().rotate()).rejects.toThrow(`remove ${file}.rotating`)
    rmSync(`${file}.rotating`)
    const first = await open().activeKeyId()
    const ids = await Promise.all([open().rotate(), open().rotate()])
    expect(new Set([first, ...ids]).size).toBe(3)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ keys: [{}, {}, {}] })
    expect(readdirSync(folder)).toEqual(['master-keys.json'])
  })

  it('that are damaged or gone are a sentence that holds no key', async () => {
    const keys = open()
    const key = (JSON.parse(readFileSync(file, 'utf8')) as { keys: { key: string }[] }).keys[0]?.key ?? ''
    expect(key).toHaveLength(43)
    for (const damage of [
      `{"keys":[{"key":"${key}"`,
      `{"keys":[{"key":"${key}x","since":""}]}`,
      '{"keys":[]}',
      `"${key}"`,
    ]) {
      writeFileSync(file, damage)
      const failure = await keys.activeKeyId().catch((error: unknown) => error)
      expect(String(failure)).toContain(file)
      expect(JSON.stringify([String(failure), (failure as Error).cause])).not.toContain(key)
    }
    rmSync(file)
    await expect(keys.activeKeyId()).rejects.toThrow('are gone')
  })
})
