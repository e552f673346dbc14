import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { askKeeper, isPrivateWay, keeperLimits, parseAnswer } from './ask-keeper.ts'
import { SecretError } from './secret-error.ts'
import { readToken } from './token-file.ts'

/** How this program shows Vault who it is. */
export type VaultAuth =
  | { readonly kind: 'token'; readonly token: string }
  /** A file that Vault's agent writes anew before the token ends. */
  | { readonly kind: 'token_file'; readonly file: string }
  | { readonly kind: 'kubernetes'; readonly mount: string; readonly role: string; readonly jwtFile: string }

export interface VaultClientOptions {
  /** `https://vault.example:8200`; plain http on loopback only. */
  readonly url: string
  readonly namespace?: string | undefined
  readonly auth: VaultAuth
  readonly clock: Clock
}

export const vaultLimits = {
  ...keeperLimits,
  /** A token is renewed by a new login when this part of its time has passed. */
  tokenTimePart: 2 / 3,
} as const

const errorsSchema = z.object({ errors: z.array(z.string()) })
const loginSchema = z.object({
  auth: z.object({ client_token: z.string().min(1), lease_duration: z.number().min(0) }),
})

interface Token {
  readonly text: string
  readonly renewAtMs: number
}

interface VaultAnswer {
  readonly status: number
  readonly body: unknown
}

/** Vault's HTTP API: who we are, time-outs, repeats, and what its refusals mean. */
export class VaultClient {
  readonly #options: VaultClientOptions
  readonly #clock: Clock
  #token: Promise<Token> | null = null

  /** @throws SecretError `misconfigured` */
  constructor(options: VaultClientOptions) {
    this.#options = options
    this.#clock = options.clock
    if (!isPrivateWay(options.url))
      throw new SecretError(
        'misconfigured',
        'The address of Vault must begin with https://, as tokens and data keys go there. Plain http is for this machine alone.',
      )
  }

  /** @param path below /v1/. @throws SecretError */
  async call<Schema extends z.ZodType>(
    method: 'GET' | 'POST',
    path: string,
    schema: Schema,
    body?: object,
  ): Promise<z.output<Schema>> {
    for (let isFreshToken = false; ; isFreshToken = true) {
      const { text: token } = await this.#currentToken()
      const answer = await this.#repeat(method, path, body, token)
      // The token may have ended or been replaced: read or got anew, once.
      if (answer.status === 403 && !isFreshToken && this.#options.auth.kind !== 'token') {
        this.#token = null
        continue
      }
      if (answer.status >= 300) throw refusal(path, answer)
      return understood(path, schema, answer.body)
    }
  }

  async #currentToken(): Promise<Token> {
    const held = this.#token
    if (held !== null && (await held).renewAtMs > this.#clock.nowMs()) return held
    // Whoever comes meanwhile waits for the same login.
    if (this.#token === held || this.#token === null) this.#token = this.#newToken()
    const fresh = this.#token
    try {
      return await fresh
    } catch (error) {
      if (this.#token === fresh) this.#token = null
      throw error
    }
  }

  async #newToken(): Promise<Token> {
    const { auth } = this.#options
    if (auth.kind === 'token') return { text: auth.token, renewAtMs: Number.POSITIVE_INFINITY }
    if (auth.kind === 'token_file') return { text: readToken(auth.file), renewAtMs: Number.POSITIVE_INFINITY }
    const path = `auth/${auth.mount}/login`
    const answer = await this.#repeat('POST', path, { role: auth.role, jwt: readToken(auth.jwtFile) }, null)
    if (answer.status >= 300) throw refusal(path, answer)
    const { client_token: text, lease_duration: leaseS } = understood(path, loginSchema, answer.body).auth
    // 0: the token does not end.
    const timeMs = leaseS === 0 ? Number.POSITIVE_INFINITY : leaseS * 1_000 * vaultLimits.tokenTimePart
    return { text, renewAtMs: this.#clock.nowMs() + timeMs }
  }

  /** @throws SecretError `unavailable` when Vault does not answer, also not after repeats */
  async #repeat(
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    token: string | null,
  ): Promise<VaultAnswer> {
    const { url, namespace } = this.#options
    const { status, text } = await askKeeper({
      clock: this.#clock,
      name: 'Vault',
      request: () => ({
        method,
        url: `${url.replace(/\/+$/, '')}/v1/${path}`,
        headers: {
          'content-type': 'application/json',
          // Answered by an agent or a proxy only for requests that a browser was not tricked into.
          'x-vault-request': 'true',
          ...(token === null ? {} : { 'x-vault-token': token }),
          ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
      isPassing: (answer) => isPassing(answer.status),
    })
    return { status, body: parseAnswer(text) }
  }
}

/** 412: a replica that has not yet what was just written; 429: a standby, or too much at once; 472, 473: a standby of another cluster. */
const isPassing = (status: number): boolean => status >= 500 || [412, 429, 472, 473].includes(status)

function understood<Schema extends z.ZodType>(path: string, schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  throw new SecretError(
    'misconfigured',
    `What answered at ${path} does not speak as Vault does. Is the address right, and the engine mounted there of the kind transit?`,
  )
}

/** What to do about a refusal; Vault's own words are kept, they hold neither token nor plaintext. */
function refusal(path: string, { status, body }: VaultAnswer): SecretError {
  const parsed = errorsSchema.safeParse(body)
  // Vault puts several errors on lines of their own.
  const said = (parsed.success ? parsed.data.errors : []).join('; ').replaceAll(/\s+/g, ' ').trim().slice(0, 300)
  const told = said === '' ? `status ${status}` : `status ${status}, "${said}"`
  if (status === 403)
    return new SecretError(
      'refused',
      `Vault refuses ${path} (${told}). Give the policy of this program's token the path, or renew the token.`,
    )
  if (status === 404)
    return new SecretError(
      'misconfigured',
      `Vault knows nothing at ${path} (${told}). Mount the transit engine there and make the key.`,
    )
  if (status === 503)
    return new SecretError('unavailable', `Vault is sealed or not ready (${told}). Unseal it; nothing here is lost.`)
  if (status >= 300 && status < 400)
    return new SecretError(
      'misconfigured',
      `Vault sends us elsewhere (${told}). Set its address to the active server, or let the servers forward requests.`,
    )
  if (status === 400 && /version is too|too old|key not found/.test(said))
    return new SecretError(
      'unknown_key',
      `Vault has not the key that this is wrapped by (${told}). Is min_decryption_version too high, or the key another?`,
    )
  if (status === 400 && /unable to decrypt|authentication failed|invalid ciphertext/.test(said))
    return new SecretError(
      'not_authentic',
      `Vault cannot open this data key (${told}): it was changed, or it belongs elsewhere. Restore the row from a backup, or set the secret anew.`,
    )
  if (isPassing(status))
    return new SecretError('unavailable', `Vault cannot answer now (${told}). Try again in a moment.`)
  return new SecretError('refused', `Vault refuses ${path} (${told}).`)
}
