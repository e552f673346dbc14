import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, ManualClock } from '@jidoka/base'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Authority, opensslIsMissing } from '../../testing/certificates.ts'
import type { CertificateFiles } from '../../testing/certificates.ts'
import { freePort } from '../../testing/free-port.ts'
import { redisIsMissing, RedisServer } from '../../testing/redis-server.ts'
import { readRedisAddress } from './address.ts'
import { RedisLink } from './link.ts'

const missing = redisIsMissing() ?? opensslIsMissing()

describe.skipIf(missing !== null)(`Redis by TLS${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let folder: string
  let authority: Authority
  const ends: (() => void | Promise<void>)[] = []
  const atEnd: (() => void | Promise<void>)[] = []
  let server: { port: number; redis: RedisServer }
  let other: { port: number; redis: RedisServer }
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'jidoka-redis-tls-'))
    authority = new Authority(folder)
    server = await start(authority.sign('redis', 'IP:127.0.0.1'))
    other = await start(authority.sign('elsewhere', 'DNS:redis.elsewhere.example'))
  })
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  })
  afterAll(async () => {
    for (const end of atEnd.toReversed()) await end()
    rmSync(folder, { recursive: true })
  })

  const tlsOf = ({ key, certificate }: CertificateFiles, port: number) => ({
    'tls-port': String(port),
    'tls-cert-file': certificate,
    'tls-key-file': key,
    'tls-ca-cert-file': authority.file,
    'tls-auth-clients': 'no',
    'tls-replication': 'yes',
  })
  async function start(files: CertificateFiles) {
    const port = await freePort()
    const settings = Object.entries(tlsOf(files, port)).flatMap(([name, value]) => [`--${name}`, value])
    const redis = await RedisServer.start([...settings, '--requirepass', 'secret-word', '--masterauth', 'secret-word'])
    atEnd.push(() => redis.close())
    return { port, redis }
  }
  const linkTo = async (url: string, sentinels?: string) => {
    const lines: string[] = []
    const log = createLog('test', { level: 'debug', destination: { write: (line: string) => void lines.push(line) } })
    const clock = new ManualClock()
    const link = new RedisLink({
      address: readRedisAddress(url, sentinels, 'plant'),
      clock,
      log,
      registry: new Registry(),
    })
    ends.push(() => link.stop())
    const started = link.start()
    // Where sentinels are asked it goes on asking; the clock that would end the wait stands still.
    await Promise.race([started, vi.waitUntil(() => lines.join('').includes('sentinels are unreachable'), 10_000)])
    return { link, said: () => lines.join('') }
  }
  const trusted = () => ends.push(authority.trusted())

  it('is spoken with, as it shows a certificate of an authority that is trusted, for the host that was asked for', async () => {
    trusted()
    const { link } = await linkTo(`rediss://:secret-word@127.0.0.1:${server.port}`)
    expect(await link.commands.set('a', '1')).toBe('OK')
    const stream = link.commands.stream as { getProtocol?: () => string | null }
    expect(stream.getProtocol?.()).toMatch(/^TLSv1\.[23]$/)
  })

  it('I8: with a certificate that nobody trusts, or of another host, gets no password and no command', async () => {
    const untrusted = await linkTo(`rediss://:secret-word@127.0.0.1:${server.port}`)
    expect(untrusted.link.isUp).toBe(false)
    expect(untrusted.said()).toMatch(/self.signed|unable to verify|local issuer/)
    trusted()
    const ofOther = await linkTo(`rediss://:secret-word@127.0.0.1:${other.port}`)
    expect(ofOther.link.isUp).toBe(false)
    expect(ofOther.said()).toContain('does not match certificate')
    for (const { said } of [untrusted, ofOther]) expect(said()).not.toContain('secret-word')
    expect(await other.redis.ask('AUTH secret-word')).toContain('OK')
  })

  it('I8: that sentinels name is spoken with by TLS too, as are they', async () => {
    const sentinelPort = await freePort()
    const settings = tlsOf(authority.sign('sentinel', 'IP:127.0.0.1'), sentinelPort)
    const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}`)
    const sentinel = await RedisServer.sentinel(server.redis, 'plant', server.port, lines)
    ends.push(() => sentinel.close())
    trusted()
    const { link } = await linkTo('rediss://:secret-word@any', `127.0.0.1:${sentinelPort}`)
    expect(await link.commands.ping()).toBe('PONG')
    const stream = link.commands.stream as { getProtocol?: () => string | null }
    expect(stream.getProtocol?.()).toMatch(/^TLSv1\.[23]$/)
    // Told to speak plainly, the sentinel’s port of TLS answers nothing.
    const plain = await linkTo('redis://:secret-word@any', `127.0.0.1:${sentinelPort}`)
    expect(plain.link.isUp).toBe(false)
    expect(plain.said()).toContain('sentinels are unreachable')
  })
})
