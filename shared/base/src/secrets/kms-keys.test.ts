import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock, systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { keeperLimits } from './ask-keeper.ts'
import { arnOf, AwsStub, signatureOf, stubRegion } from './aws-stub.ts'
import type { AwsAuth } from './aws-credentials.ts'
import { Envelope } from './envelope.ts'
import { KmsClient } from './kms-client.ts'
import type { KmsClientOptions } from './kms-client.ts'
import { KmsKeys } from './kms-keys.ts'

const place = { tenant: 'demo', purpose: 'mes', id: 'password' }
const login: AwsAuth = { kind: 'keys', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a secret key' }
/** Waits between attempts are none; time-outs of requests are as they are. */
const hasty: Clock = {
  ...systemClock,
  after: (delayMs, run) => systemClock.after(delayMs < keeperLimits.requestMs ? 0 : delayMs, run),
}
const keysOf = (options: Partial<KmsClientOptions> & { url: string }, key = 'alias/jidoka') =>
  new KmsKeys(new KmsClient({ region: stubRegion, auth: login, clock: hasty, ...options }), key)

/** An AWS KMS with a key under the alias: ours, or another server of its API that whoever runs the tests has started. */
const servers: { name: string; auth: AwsAuth; open: () => Promise<{ url: string; close: () => Promise<void> }> }[] = [
  {
    name: 'a server that checks signatures',
    auth: login,
    open: async () => {
      const stub = new AwsStub()
      return { url: await stub.listen(), close: () => stub.close() }
    },
  },
]
const { JIDOKA_TEST_KMS_URL: otherUrl, AWS_ACCESS_KEY_ID: otherId, AWS_SECRET_ACCESS_KEY: otherSecret } = process.env
if (otherUrl !== undefined && otherId !== undefined && otherSecret !== undefined)
  servers.push({
    name: 'another server of this API',
    auth: { kind: 'keys', accessKeyId: otherId, secretAccessKey: otherSecret },
    open: () => Promise.resolve({ url: otherUrl, close: () => Promise.resolve() }),
  })

describe.each(servers)('a master key in $name', ({ open, auth }) => {
  let server: Awaited<ReturnType<typeof open>>
  let keys: KmsKeys
  beforeAll(async () => {
    server = await open()
    keys = keysOf({ url: server.url, auth })
  })
  afterAll(() => server.close())

  it('seals and opens, bound to its place, and names the key that the alias means', async () => {
    const envelope = new Envelope(keys)
    const { bytes, keyId } = await envelope.seal(Buffer.from('비밀'), place)
    expect(keyId).toMatch(/^kms:arn:aws:kms:/)
    expect(keyId).toBe(await keys.activeKeyId())
    expect((await envelope.open(bytes, place)).toString()).toBe('비밀')
    await expect(envelope.open(bytes, { ...place, tenant: 'other' })).rejects.toMatchObject({ kind: 'not_authentic' })
    const fresh = await envelope.rewrap(bytes, place)
    expect((await envelope.open(fresh.bytes, place)).toString()).toBe('비밀')
  })

  it('that is not there, or was not wrapped by KMS, is told with what to do', async () => {
    await expect(keysOf({ url: server.url, auth }, 'alias/none').activeKeyId()).rejects.toMatchObject({
      kind: 'misconfigured',
    })
    const ofVault = { keyId: 'vault:transit/jidoka:v1', wrapped: Buffer.alloc(40) }
    await expect(keys.unwrap(ofVault, Buffer.alloc(0))).rejects.toMatchObject({ kind: 'unknown_key' })
    const damaged = await keys.wrap(Buffer.alloc(32), Buffer.alloc(0))
    damaged.wrapped.set([(damaged.wrapped.at(-1) ?? 0) ^ 1], damaged.wrapped.length - 1)
    await expect(keys.unwrap(damaged, Buffer.alloc(0))).rejects.toMatchObject({ kind: 'not_authentic' })
    await expect(keys.rotate()).rejects.toThrow('point the alias to it')
  })
})

it('the signature of AWS’s own published example comes out of what checks ours', () => {
  const headers = { host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z' }
  const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
  expect(
    signatureOf({
      method: 'GET',
      path: '/',
      headers,
      signedHeaders: ['host', 'x-amz-date'],
      body: '',
      secret,
      scope: '20150830/us-east-1/service/aws4_request',
    }),
  ).toBe('5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31')
})

describe('AWS KMS', () => {
  let stub: AwsStub
  let url: string
  let folder: string
  beforeEach(async () => {
    stub = new AwsStub()
    url = await stub.listen()
    folder = mkdtempSync(join(tmpdir(), 'jidoka-kms-'))
  })
  afterEach(async () => {
    await stub.close()
    rmSync(folder, { recursive: true })
  })

  it('seals with the key that the alias is pointed to, and opens with the one from before', async () => {
    const envelope = new Envelope(keysOf({ url }))
    const before = await envelope.seal(Buffer.from('x'), place)
    stub.alias = 'two'
    expect((await envelope.open(before.bytes, place)).toString()).toBe('x')
    expect((await envelope.rewrap(before.bytes, place)).keyId).toBe(`kms:${arnOf('two')}`)
  })

  it('I8: is told no name of a tenant or a secret, as it logs the context of each call', async () => {
    await new Envelope(keysOf({ url })).seal(Buffer.from('x'), { tenant: 'acme', purpose: 'mes', id: 'line-password' })
    const [sent] = stub.requests
    expect(Object.keys(sent?.body.EncryptionContext ?? {})).toEqual(['jidoka-binding'])
    expect(JSON.stringify(sent?.body)).not.toMatch(/acme|line-password/)
  })

  it('lets nobody in with another key, a clock that is wrong, or for another region', async () => {
    const wrong: AwsAuth = { kind: 'keys', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'another secret' }
    await expect(keysOf({ url, auth: wrong }).activeKeyId()).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('InvalidSignatureException'),
    })
    await expect(keysOf({ url, auth: wrong }).activeKeyId()).rejects.not.toThrow('another secret')
    await expect(keysOf({ url, clock: new ManualClock(0) }).activeKeyId()).rejects.toThrow('clock of this machine')
    await expect(keysOf({ url, region: 'us-east-1' }).activeKeyId()).rejects.toMatchObject({ kind: 'refused' })
  })

  it('that is busy is asked again, signed anew, and no more often than that', async () => {
    const busy = { status: 400, body: '{"__type":"ThrottlingException","message":"Rate exceeded"}' }
    stub.failures.push(busy, { status: 500 })
    expect(await keysOf({ url }).activeKeyId()).toBe(`kms:${arnOf('one')}`)
    stub.failures.push(busy, busy, busy)
    await expect(keysOf({ url }).activeKeyId()).rejects.toMatchObject({ kind: 'unavailable' })
    expect(stub.requests).toHaveLength(1)
    await expect(keysOf({ url: 'http://127.0.0.1:1' }).activeKeyId()).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it.each([
    ['com.amazonaws.kms#AccessDeniedException', 'refused', 'kms:Decrypt'],
    ['DisabledException', 'refused', 'Enable the key'],
    ['KMSInvalidStateException', 'refused', 'cancel its deletion'],
    ['IncorrectKeyException', 'unknown_key', 'another key'],
    ['SomethingNew', 'refused', 'SomethingNew'],
  ])('says %s: the kind is %s, with what to do', async (type, kind, advice) => {
    stub.failures.push({ status: 400, body: JSON.stringify({ __type: type, message: 'no' }) })
    await expect(keysOf({ url }).activeKeyId()).rejects.toMatchObject({
      kind,
      message: expect.stringContaining(advice),
    })
  })

  it('in whose place another program answers is told from it, and is not followed elsewhere', async () => {
    stub.failures.push({ status: 200, body: '<html>' })
    await expect(keysOf({ url }).activeKeyId()).rejects.toThrow('does not speak as AWS KMS does')
    stub.failures.push({ status: 307, headers: { location: 'http://127.0.0.1:9/' } })
    await expect(keysOf({ url }).activeKeyId()).rejects.toThrow('sends us elsewhere')
    expect(() => keysOf({ url: 'http://kms.example' })).toThrow('https://')
  })

  const file = (text: string) => {
    const path = join(folder, 'token')
    writeFileSync(path, text)
    return path
  }

  it('lets a pod in by its role, once for many requests, and anew before the credentials end or when they are refused', async () => {
    const clock = new ManualClock(Date.now())
    stub.nowMs = () => clock.nowMs()
    const tokenFile = file('a.pod.token\n')
    const auth: AwsAuth = {
      kind: 'web_identity',
      roleArn: 'arn:aws:iam::111122223333:role/jidoka',
      tokenFile,
      stsUrl: `${url}/sts`,
    }
    const keys = keysOf({ url, auth, clock })
    await Promise.all(Array.from({ length: 5 }, () => keys.activeKeyId()))
    expect(stub.credentialsGiven).toBe(1)
    clock.advance(56 * 60_000)
    await keys.activeKeyId()
    expect(stub.credentialsGiven).toBe(2)
    stub.logins.clear()
    await keys.activeKeyId()
    expect(stub.credentialsGiven).toBe(3)
    writeFileSync(tokenFile, 'of.another.pod')
    stub.logins.clear()
    await expect(keys.activeKeyId()).rejects.toThrow(/gives no credentials \(status 403, AccessDenied\)/)
  })

  it('that cannot renew its credentials uses those from before to their end, and asks again now and then', async () => {
    const clock = new ManualClock(Date.now())
    stub.nowMs = () => clock.nowMs()
    const auth: AwsAuth = { kind: 'container', url: `${url}/credentials`, tokenFile: file('agent token') }
    const keys = keysOf({ url, auth, clock })
    await keys.activeKeyId()
    clock.advance(56 * 60_000)
    writeFileSync(join(folder, 'token'), 'not yet mounted')
    expect(await keys.activeKeyId()).toBe(`kms:${arnOf('one')}`)
    // Not at every request: this one would be given others.
    writeFileSync(join(folder, 'token'), 'agent token')
    await keys.activeKeyId()
    expect(stub.credentialsGiven).toBe(1)
    writeFileSync(join(folder, 'token'), 'not yet mounted')
    clock.advance(4 * 60_000)
    await expect(keys.activeKeyId()).rejects.toThrow('gives no credentials (status 401')
    writeFileSync(join(folder, 'token'), 'agent token')
    await keys.activeKeyId()
    expect(stub.credentialsGiven).toBe(2)
  })

  it('takes credentials in clear text from this machine and the agents of ECS and EKS alone', () => {
    const container = (address: string): AwsAuth => ({ kind: 'container', url: address })
    const role = (stsUrl: string): AwsAuth => ({ kind: 'web_identity', roleArn: 'arn', tokenFile: 'token', stsUrl })
    const agents = ['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]'].map((host) => `http://${host}/v1/credentials`)
    const isTaken = (auth: AwsAuth): boolean => {
      try {
        return keysOf({ url, auth }).source === 'kms'
      } catch (error) {
        expect((error as Error).message).toContain('https://')
        return false
      }
    }
    const taken = [
      ...agents.map(container),
      container('http://127.0.0.1:9/'),
      container('https://agent.example/'),
      role('http://localhost:9/sts'),
      role('https://sts.eu-central-1.amazonaws.com'),
    ]
    expect(taken.filter((auth) => !isTaken(auth))).toEqual([])
    const refused = [
      container('http://169.254.169.254/latest'),
      container('http://agent.example/169.254.170.2'),
      container('http://169.254.170.2@agent.example/'),
      role('http://sts.example'),
      ...agents.map(role),
    ]
    expect(refused.filter(isTaken)).toEqual([])
  })

  it('lets a container in by the agent beside it', async () => {
    const auth: AwsAuth = { kind: 'container', url: `${url}/credentials`, tokenFile: file('agent token') }
    expect(await keysOf({ url, auth }).activeKeyId()).toBe(`kms:${arnOf('one')}`)
    const without = keysOf({ url, auth: { ...auth, tokenFile: join(folder, 'none') } })
    await expect(without.activeKeyId()).rejects.toThrow('cannot be read')
    stub.failures.push({ status: 200, body: '{}' })
    await expect(keysOf({ url, auth }).activeKeyId()).rejects.toThrow('no credentials')
  })
})
