import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// For tests: what of Vault's HTTP API the client uses, from its published description: transit keys with versions, login by Kubernetes, statuses
// and the form of errors. Where a real Vault is at hand the same tests run against it (vault-keys.test.ts).

interface Body {
  plaintext?: string
  ciphertext?: string
  associated_data?: string
  role?: string
  jwt?: string
}

export class VaultStub {
  /** Answered in place of anything else, each once. */
  readonly failures: { status: number; body?: string; headers?: Record<string, string> }[] = []
  /** Takes a request and never answers. */
  isHanging = false
  /** Tokens that are let in. */
  readonly tokens = new Set(['root'])
  readonly requests: { path: string; headers: IncomingMessage['headers'] }[] = []
  logins = 0
  leaseS = 3_600
  readonly #versions: Buffer[] = [randomBytes(32)]
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
    const path = request.url ?? ''
    this.requests.push({ path, headers: request.headers })
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (this.isHanging) return
    const send = (status: number, body: unknown, headers: Record<string, string> = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(typeof body === 'string' ? body : JSON.stringify(body))
    const failure = this.failures.shift()
    if (failure !== undefined)
      return void send(failure.status, failure.body ?? { errors: ['told to fail'] }, failure.headers)
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Body
    if (path === '/v1/auth/kubernetes/login') {
      if (body.role !== 'jidoka' || body.jwt !== 'a pod') return void send(403, { errors: ['permission denied'] })
      const token = `token-${++this.logins}`
      this.tokens.add(token)
      return void send(200, { auth: { client_token: token, lease_duration: this.leaseS, renewable: true } })
    }
    if (!this.tokens.has(String(request.headers['x-vault-token'])))
      return void send(403, { errors: ['2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'] })
    const [status, answer] = this.#transit(path, body)
    send(status, answer)
  }

  #transit(path: string, body: Body): [number, unknown] {
    const version = this.#versions.length
    switch (path) {
      case '/v1/transit/keys/jidoka':
        return [200, { data: { latest_version: version, type: 'aes256-gcm96' } }]
      case '/v1/transit/keys/jidoka/rotate':
        this.#versions.push(randomBytes(32))
        return [200, { data: { latest_version: version + 1 } }]
      case '/v1/transit/encrypt/jidoka':
        return [200, { data: { ciphertext: this.#encrypt(body), key_version: version } }]
      case '/v1/transit/decrypt/jidoka':
        if (Number(/^vault:v(\d+):/.exec(body.ciphertext ?? '')?.[1]) > version)
          return [400, { errors: ['invalid ciphertext: version is too new'] }]
        try {
          return [200, { data: { plaintext: this.#decrypt(body) } }]
        } catch {
          return [400, { errors: ['cipher: message authentication failed'] }]
        }
      default:
        return [404, { errors: [] }]
    }
  }

  #encrypt(body: Body): string {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#versions.at(-1) ?? '', nonce)
    cipher.setAAD(Buffer.from(body.associated_data ?? '', 'base64'))
    const sealed = [
      nonce,
      cipher.update(Buffer.from(body.plaintext ?? '', 'base64')),
      cipher.final(),
      cipher.getAuthTag(),
    ]
    return `vault:v${this.#versions.length}:${Buffer.concat(sealed).toString('base64')}`
  }

  #decrypt(body: Body): string {
    const [, version, text] = /^vault:v(\d+):(.+)$/.exec(body.ciphertext ?? '') ?? []
    const bytes = Buffer.from(text ?? '', 'base64')
    const cipher = createDecipheriv('aes-256-gcm', this.#versions[Number(version) - 1] ?? '', bytes.subarray(0, 12))
    cipher.setAAD(Buffer.from(body.associated_data ?? '', 'base64'))
    cipher.setAuthTag(bytes.subarray(-16))
    return Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]).toString('base64')
  }
}
