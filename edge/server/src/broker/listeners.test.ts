import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { hashDeviceSecret, newDeviceSecret } from '@jidoka/base'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import { RawBroker } from './conformance/raw-broker.ts'
import { connectPacket, RawClient } from './conformance/raw-client.ts'
import { DeviceDirectory, parseDevices } from './devices.ts'
import { until } from './test-support.ts'

const hasOpenssl = (() => {
  try {
    return execFileSync('openssl', ['version']).length > 0
  } catch {
    return false
  }
})()
const why = hasOpenssl ? '' : ' (skipped: openssl is absent)'

let folder: string
const file = (name: string) => join(folder, name)
const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })

/** A certificate that an authority of the test has signed; without one, a root. */
function certify(name: string, authority?: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`]
  const subject = ['-subj', `/CN=${name}`]
  if (authority === undefined)
    return void openssl('req', '-x509', ...key, ...subject, '-days', '2', '-out', `${name}.crt`)
  writeFileSync(file(`${name}.ext`), `subjectAltName=DNS:${name},IP:127.0.0.1\n`)
  openssl('req', ...key, ...subject, '-out', `${name}.csr`)
  const signed = `-req -in ${name}.csr -CA ${authority}.crt -CAkey ${authority}.key -CAcreateserial -days 2`
  openssl('x509', ...signed.split(' '), '-extfile', `${name}.ext`, '-out', `${name}.crt`)
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-tls-'))
  if (!hasOpenssl) return
  for (const root of ['plant', 'stranger']) certify(root)
  certify('localhost', 'plant')
  certify('press-1.plant', 'plant')
  certify('forged', 'stranger')
})
afterAll(() => rmSync(folder, { recursive: true }))

let at: RawBroker
const clients: RawClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy()
  await at.stop()
})
const open = (client: RawClient) => {
  clients.push(client)
  return client
}
const tlsFiles = () => ({
  port: 0,
  certFile: file('localhost.crt'),
  keyFile: file('localhost.key'),
  caFile: file('plant.crt'),
})
const overTls = (more: ConnectionOptions = {}) =>
  open(
    new RawClient(
      connectTls({ port: at.broker.tlsPort, host: '127.0.0.1', ca: readFileSync(file('plant.crt')), ...more }),
    ),
  )
const certificate = (name: string) => ({
  cert: readFileSync(file(`${name}.crt`)),
  key: readFileSync(file(`${name}.key`)),
})

describe('MQTT over TLS', () => {
  test.skipIf(!hasOpenssl)(`takes the same way as over TCP${why}`, async () => {
    at = await RawBroker.start({ tls: tlsFiles() })
    const client = overTls()
    client.send(connectPacket({ id: 'secure' }))
    await client.next('connack')
    await client.subscribe(['a', 1])
    await client.published('a', 'x'.repeat(60_000))
    expect((await client.next('publish')).text.length).toBe(60_000)
  })

  test.skipIf(!hasOpenssl)(
    `a verified certificate signs its device in, one of another authority does not${why}`,
    async () => {
      const secret = newDeviceSecret()
      const devices = new DeviceDirectory(
        parseDevices([
          { login: 'press-1', certificate_name: 'press-1.plant', role: 'device', lines: ['A'] },
          { login: 'press-2', secret_hash: hashDeviceSecret(secret), role: 'device', lines: ['A'] },
        ]),
      )
      at = await RawBroker.start({
        policy: 'devices',
        authenticate: (shown) => devices.authenticate(shown),
        tls: tlsFiles(),
      })
      const code = async (more: ConnectionOptions, fields: Parameters<typeof connectPacket>[0] = {}) => {
        const client = overTls(more)
        client.send(connectPacket({ id: `device-${clients.length}`, ...fields }))
        return (await client.next('connack')).bytes[3]
      }
      expect(await code(certificate('press-1.plant'))).toBe(0)
      expect(await code(certificate('press-1.plant'), { login: 'press-1' })).toBe(0)
      expect(await code(certificate('press-1.plant'), { login: 'press-2' })).toBe(4)
      expect(await code(certificate('forged'))).toBe(4)
      expect(await code({})).toBe(4)
      expect(await code({}, { login: 'press-2', secret })).toBe(0)
    },
  )

  test.skipIf(!hasOpenssl)(`may listen for the plant while plain MQTT stays on this machine${why}`, async () => {
    at = await RawBroker.start({ tls: { ...tlsFiles(), host: '127.0.0.2' } })
    const client = overTls({ host: '127.0.0.2', servername: 'localhost' })
    client.send(connectPacket({ id: 'secure' }))
    await client.next('connack')
    const elsewhere = connectTcp(at.broker.port, '127.0.0.2')
    await expect(once(elsewhere, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test.skipIf(!hasOpenssl)(`nothing below TLS 1.2 comes through, and plain MQTT neither${why}`, async () => {
    at = await RawBroker.start({ tls: tlsFiles() })
    await overTls({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }).closed()
    const plain = open(new RawClient(connectTcp(at.broker.tlsPort, '127.0.0.1')))
    plain.send(connectPacket())
    await plain.closed()
    expect(plain.received.filter(({ type }) => type === 'connack')).toEqual([])
  })

  test.skipIf(!hasOpenssl)(`I10: a handshake that is never ended is ended${why}`, async () => {
    at = await RawBroker.start({ tls: tlsFiles(), limits: { handshakeTimeoutMs: 50, halfOpenOfAddressMax: 2 } })
    const half = [1, 2, 3].map(() => open(new RawClient(connectTcp(at.broker.tlsPort, '127.0.0.1'))))
    for (const each of half) await each.closed()
    expect(at.broker.stats().connectionsRefusedTotal).toBe(1)
    // Their places are free again.
    const client = overTls()
    client.send(connectPacket())
    await client.next('connack')
  })

  test.skipIf(!hasOpenssl)(`files that cannot be used are named at the start${why}`, async () => {
    at = await RawBroker.start()
    await expect(RawBroker.start({ tls: { ...tlsFiles(), certFile: file('none.crt') } })).rejects.toThrow(
      /none.crt .*cannot be read/,
    )
    await expect(RawBroker.start({ tls: { ...tlsFiles(), keyFile: file('forged.key') } })).rejects.toThrow(
      /belong together/,
    )
  })
})

describe('MQTT over WebSocket', () => {
  const overWebSocket = (webSocket: WebSocket) => open(new RawClient(createWebSocketStream(webSocket)))
  const address = (path = '/mqtt') => `ws://127.0.0.1:${at.broker.wsPort}${path}`

  test('takes the same way as over TCP, with packets across frames', async () => {
    at = await RawBroker.start({ ws: { port: 0 } })
    const webSocket = new WebSocket(address(), ['mqtt'])
    const client = overWebSocket(webSocket)
    for (const byte of connectPacket({ id: 'web' })) client.send([byte])
    await client.next('connack')
    expect(webSocket.protocol).toBe('mqtt')
    await client.subscribe(['a', 1])
    await client.published('a', 'x'.repeat(60_000))
    expect((await client.next('publish')).text.length).toBe(60_000)
    await client.published('sensor/A/t', '1')
    expect(at.journal.ingested.length).toBe(1)
    await client.disconnect()
  })

  test.skipIf(!hasOpenssl)(`goes over TLS where there is TLS${why}`, async () => {
    at = await RawBroker.start({ ws: { port: 0 }, tls: tlsFiles() })
    const client = overWebSocket(
      new WebSocket(`wss://127.0.0.1:${at.broker.wsPort}/mqtt`, ['mqtt'], { ca: readFileSync(file('plant.crt')) }),
    )
    client.send(connectPacket())
    await client.next('connack')
  })

  test('is refused at another path, without the subprotocol, in text and beyond the size of a frame', async () => {
    at = await RawBroker.start({ ws: { port: 0 } })
    const refusal = (webSocket: WebSocket) =>
      new Promise((resolve) => {
        webSocket.on('error', (error) => resolve(error.message))
        webSocket.on('close', (code) => resolve(code))
      })
    expect(await refusal(new WebSocket(address('/other'), ['mqtt']))).toContain('404')
    expect(await refusal(new WebSocket(address()))).toContain('400')
    expect(await refusal(new WebSocket(address(), ['amqp']))).toContain('400')
    const text = new WebSocket(address(), ['mqtt'])
    text.on('open', () => text.send('hello'))
    expect(await refusal(text)).not.toBe(1000)
    const large = new WebSocket(address(), ['mqtt'])
    large.on('open', () => large.send(Buffer.alloc(300_000)))
    expect(await refusal(large)).not.toBe(1000)
    const said = await fetch(`http://127.0.0.1:${at.broker.wsPort}/mqtt`)
    expect([said.status, await said.text()]).toEqual([426, expect.stringContaining('subprotocol "mqtt"')])
  })
})

test.skipIf(!hasOpenssl)(
  `I10: a place is free again when its connection is over, at every listener${why}`,
  async () => {
    at = await RawBroker.start({ tls: tlsFiles(), ws: { port: 0 }, limits: { connectionsMax: 1, newcomersMax: 0 } })
    const ca = readFileSync(file('plant.crt'))
    const ways = [
      () => overTls(),
      () => open(new RawClient(connectTcp(at.broker.port, '127.0.0.1'))),
      () =>
        open(
          new RawClient(
            createWebSocketStream(new WebSocket(`wss://127.0.0.1:${at.broker.wsPort}/mqtt`, ['mqtt'], { ca })),
          ),
        ),
    ]
    for (const way of [...ways, ...ways]) {
      const client = way()
      client.send(connectPacket())
      await client.next('connack')
      await client.disconnect()
      await until(() => at.broker.clientsCount === 0, 'it is gone')
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(at.broker.stats().connectionsRefusedTotal).toBe(0)
  },
)

describe('the rate of connections', () => {
  test('I10: is bounded for an address, and others are served', async () => {
    at = await RawBroker.start({ limits: { connectionsBurstOfAddressMax: 5, connectionsPerSecondOfAddressMax: 0.001 } })
    const first = await at.connect()
    for (let count = 0; count < 4; count++) await at.connect({ id: `${count}` })
    await at.open().closed()
    await first.ping()
    expect(at.broker.stats().connectionsRefusedTotal).toBe(1)
    const other = open(
      new RawClient(connectTcp({ port: at.broker.port, host: '127.0.0.1', localAddress: '127.0.0.2' })),
    )
    other.send(connectPacket({ id: 'other' }))
    await other.next('connack')
  })

  test('I10: sockets that say nothing take only so many places of an address', async () => {
    at = await RawBroker.start({ limits: { halfOpenOfAddressMax: 3, connectTimeoutMs: 100 } })
    const silent = [at.open(), at.open(), at.open(), at.open()]
    for (const each of silent) await each.closed()
    expect(at.broker.stats().connectionsRefusedTotal).toBe(1)
    await at.connect()
  })
})

describe('a client id', () => {
  test('is one of its login: another login neither takes over, nor keeps out, nor meets the session', async () => {
    at = await RawBroker.start({
      policy: 'devices',
      authenticate: ({ login = '' }) => ({ login, role: 'consumer', lines: [] }),
    })
    const own = { id: 'board', clean: false, login: 'light-1' }
    const others = { id: 'board', clean: false, login: 'light-2' }
    const answer = ({ connack }: RawClient & { connack: { bytes: Buffer } }) => [...connack.bytes.subarray(2, 4)]
    const squatter = await at.connect(others)
    const mine = await at.connect(own)
    expect([answer(squatter), answer(mine)]).toEqual([
      [0, 0],
      [0, 0],
    ])
    await squatter.ping()
    await mine.subscribe(['alarm/#', 1])
    const again = await at.connect(own)
    await mine.closed()
    expect(answer(again)).toEqual([1, 0])
    await squatter.ping()
    await squatter.disconnect()
    // A clean session ends the one that was kept: that of its login alone.
    await at.connect({ ...others, clean: true })
    await at.crash()
    expect(answer(await at.connect(own))).toEqual([1, 0])
    expect(answer(await at.connect(others))).toEqual([0, 0])
  })
})
