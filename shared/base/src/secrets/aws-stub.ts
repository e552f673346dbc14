import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// For tests: what of AWS's HTTP APIs is used, from their published description: KMS (Encrypt, Decrypt, DescribeKey), credentials for a role from
// the token service, and for a container from its agent. Requests to KMS are let in with a right Signature Version 4 alone, which is worked out here
// a second time and independently of what signs. Where another server of this API is at hand the same tests run against it (kms-keys.test.ts).

interface Body {
  KeyId?: string
  Plaintext?: string
  CiphertextBlob?: string
  EncryptionContext?: Record<string, string>
}

interface Login {
  readonly secret: string
  readonly token?: string
}

export const stubRegion = 'eu-central-1'
export const arnOf = (key: string): string => `arn:aws:kms:${stubRegion}:111122223333:key/${key}`

/** Of a request as AWS works it out: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
export function signatureOf(request: {
  method: string
  path: string
  headers: Readonly<Record<string, string>>
  signedHeaders: readonly string[]
  body: string
  secret: string
  scope: string
}): string {
  const { method, path, headers, signedHeaders, body, secret, scope } = request
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const canonical = [
    method,
    path,
    '',
    ...signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    sha256(body),
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n')
  const key = scope
    .split('/')
    .reduce<string | Buffer>((left, part) => createHmac('sha256', left).update(part).digest(), `AWS4${secret}`)
  return createHmac('sha256', key).update(toSign).digest('hex')
}

export class AwsStub {
  /** Answered in place of anything else, each once. */
  readonly failures: { status: number; body?: string; headers?: Record<string, string> }[] = []
  readonly requests: { target: string; body: Body }[] = []
  readonly logins = new Map<string, Login>([['AKIDEXAMPLE', { secret: 'a secret key' }]])
  /** Which key the alias means. */
  alias = 'one'
  credentialsGiven = 0
  nowMs: () => number = () => Date.now()
  readonly #keys = new Map<string, Buffer>()
  readonly #server = createServer((request, response) => void this.#serve(request, response))

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const send = (status: number, body: unknown, headers: Record<string, string> = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...headers })
        .end(typeof body === 'string' ? body : JSON.stringify(body))
    const failure = this.failures.shift()
    if (failure !== undefined) return void send(failure.status, failure.body ?? '', failure.headers)
    if (request.url === '/credentials') {
      if (request.headers.authorization !== 'agent token') return void send(401, '')
      const { id, secret, token, until } = this.#newLogin()
      return void send(200, { AccessKeyId: id, SecretAccessKey: secret, Token: token, Expiration: until })
    }
    if (request.url === '/sts') return void send(...this.#assumeRole(new URLSearchParams(text)))
    const whyNot = this.#whyNotLetIn(request, text)
    if (whyNot !== null) return void send(400, { __type: whyNot, message: 'not let in' })
    const body = JSON.parse(text) as Body
    const target = String(request.headers['x-amz-target'])
    this.requests.push({ target, body })
    send(...this.#kms(target, body))
  }

  #newLogin() {
    const id = `ASIA${++this.credentialsGiven}`
    const login = { secret: randomBytes(20).toString('hex'), token: randomBytes(60).toString('base64') }
    this.logins.set(id, login)
    return { id, ...login, until: new Date(this.nowMs() + 3_600_000).toISOString() }
  }

  #assumeRole(form: URLSearchParams): [number, string] {
    const isRight =
      form.get('Action') === 'AssumeRoleWithWebIdentity' &&
      form.get('RoleArn') === 'arn:aws:iam::111122223333:role/jidoka' &&
      form.get('WebIdentityToken') === 'a.pod.token'
    if (!isRight)
      return [403, '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>']
    const { id, secret, token, until } = this.#newLogin()
    return [
      200,
      `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
<SessionToken>${token}</SessionToken><SecretAccessKey>${secret}</SecretAccessKey><Expiration>${until}</Expiration><AccessKeyId>${id}</AccessKeyId>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
    ]
  }

  /** The kind of refusal; null for a request that is signed rightly. */
  #whyNotLetIn(request: IncomingMessage, body: string): string | null {
    const headers = request.headers as Record<string, string>
    const parts =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
        headers['authorization'] ?? '',
      )
    if (parts === null) return 'IncompleteSignature'
    const [, id = '', scope = '', names = '', signature = ''] = parts
    const login = this.logins.get(id)
    if (login === undefined || login.token !== headers['x-amz-security-token']) return 'UnrecognizedClientException'
    const date = headers['x-amz-date'] ?? ''
    const signedHeaders = names.split(';')
    const mustSign = Object.keys(headers).filter((name) => /^(host|content-type|x-amz-.*)$/.test(name))
    const signedAtMs = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
    const expected = signatureOf({
      method: request.method ?? '',
      path: request.url ?? '',
      headers,
      signedHeaders,
      body,
      secret: login.secret,
      scope,
    })
    const isRight =
      scope === `${date.slice(0, 8)}/${stubRegion}/kms/aws4_request` &&
      mustSign.every((name) => signedHeaders.includes(name)) &&
      Math.abs(signedAtMs - this.nowMs()) < 5 * 60_000 &&
      timingSafeEqual(Buffer.from(expected), Buffer.from(signature))
    return isRight ? null : 'InvalidSignatureException'
  }

  #kms(target: string, body: Body): [number, unknown] {
    const named = body.KeyId ?? ''
    const key = named === 'alias/jidoka' ? this.alias : (/key\/(.+)$/.exec(named)?.[1] ?? named)
    if (key !== 'one' && key !== 'two')
      return [400, { __type: 'NotFoundException', message: `Key '${named}' does not exist` }]
    const secret = this.#keys.get(key) ?? randomBytes(32)
    this.#keys.set(key, secret)
    const context = JSON.stringify(body.EncryptionContext ?? {})
    switch (target) {
      case 'TrentService.DescribeKey':
        return [200, { KeyMetadata: { Arn: arnOf(key), KeyId: key, Enabled: true } }]
      case 'TrentService.Encrypt': {
        const nonce = randomBytes(12)
        const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(context))
        const sealed = [nonce, cipher.update(body.Plaintext ?? '', 'base64'), cipher.final(), cipher.getAuthTag()]
        return [200, { CiphertextBlob: Buffer.concat(sealed).toString('base64'), KeyId: arnOf(key) }]
      }
      case 'TrentService.Decrypt':
        try {
          const bytes = Buffer.from(body.CiphertextBlob ?? '', 'base64')
          const cipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, 12)).setAAD(Buffer.from(context))
          cipher.setAuthTag(bytes.subarray(-16))
          const opened = Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()])
          return [200, { Plaintext: opened.toString('base64'), KeyId: arnOf(key) }]
        } catch {
          return [400, { __type: 'InvalidCiphertextException' }]
        }
      default:
        return [400, { __type: 'UnknownOperationException' }]
    }
  }
}
