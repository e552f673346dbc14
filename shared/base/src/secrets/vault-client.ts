import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { describeError } from '../errors.ts'
import { SecretError } from './secret-error.ts'

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
  /** One request. Longer, and people who wait for a page think it hangs; shorter, and an election of Vault's leader fails them. */
  requestMs: 3_000,
  /** An attempt and two more: an election takes a second or two. */
  attemptsMax: 3,
  retryDelayMs: 300,
  /** What Vault answers here is below 4 KB; more is another program at this address. */
  answerBytesMax: 256 * 1_024,
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
    const { protocol, hostname } = new URL(options.url)
    if (protocol !== 'https:' && !['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
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
    if (auth.kind === 'token_file') return { text: readSmall(auth.file), renewAtMs: Number.POSITIVE_INFINITY }
    const path = `auth/${auth.mount}/login`
    const answer = await this.#repeat('POST', path, { role: auth.role, jwt: readSmall(auth.jwtFile) }, null)
    if (answer.status >= 300) throw refusal(path, answer)
    const { client_token: text, lease_duration: leaseS } = understood(path, loginSchema, answer.body).auth
    // 0: the token does not end.
    const timeMs = leaseS === 0 ? Number.POSITIVE_INFINITY : leaseS * 1_000 * vaultLimits.tokenTimePart
    return { text, renewAtMs: this.#clock.nowMs() + timeMs }
  }

  /** @throws SecretError `unavailable` when Vault does not answer, also not after repeats */
  async #repeat(method: string, path: string, body: object | undefined, token: string | null): Promise<VaultAnswer> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#request(method, path, body, token).catch((cause: unknown) => cause)
      const isAnswer = isVaultAnswer(outcome)
      // 412: a replica that has not yet what was just written; 429: a standby, or too much at once; 473: a standby of another cluster.
      const isPassing = !isAnswer || outcome.status >= 500 || [412, 429, 472, 473].includes(outcome.status)
      if (isAnswer && !isPassing) return outcome
      if (attempt === vaultLimits.attemptsMax) {
        if (isAnswer) throw refusal(path, outcome)
        throw new SecretError(
          'unavailable',
          `Vault at ${new URL(this.#options.url).host} does not answer: ${describeError(outcome)}. Look whether it runs and can be reached from here.`,
          { cause: outcome },
        )
      }
      await new Promise<void>((resolve) => void this.#clock.after(vaultLimits.retryDelayMs * attempt, resolve))
    }
  }

  async #request(method: string, path: string, body: object | undefined, token: string | null): Promise<VaultAnswer> {
    const { url, namespace } = this.#options
    const tooLong = new AbortController()
    const cancel = this.#clock.after(vaultLimits.requestMs, () =>
      tooLong.abort(new Error(`no answer within ${vaultLimits.requestMs} ms`)),
    )
    try {
      const response = await fetch(`${url.replace(/\/+$/, '')}/v1/${path}`, {
        method,
        headers: {
          'content-type': 'application/json',
          // Answered by an agent or a proxy only for requests that a browser was not tricked into.
          'x-vault-request': 'true',
          ...(token === null ? {} : { 'x-vault-token': token }),
          ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // The token would go wherever the answer points.
        redirect: 'manual',
        signal: tooLong.signal,
      })
      return { status: response.status, body: parseAnswer(await readBounded(response)) }
    } finally {
      cancel()
    }
  }
}

const isVaultAnswer = (value: unknown): value is VaultAnswer =>
  typeof value === 'object' && value !== null && !(value instanceof Error) && 'status' in value

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > vaultLimits.answerBytesMax) throw new Error('its answer is too large to be one of Vault')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseAnswer(text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    // Told as what it is by `understood`, or by the status: a proxy's page.
    return undefined
  }
}

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
  if (status >= 500 || [412, 429, 472, 473].includes(status))
    return new SecretError('unavailable', `Vault cannot answer now (${told}). Try again in a moment.`)
  return new SecretError('refused', `Vault refuses ${path} (${told}).`)
}

/** @throws SecretError `misconfigured` */
function readSmall(file: string): string {
  try {
    const text = readFileSync(file, 'utf8').trim()
    if (text === '' || text.length > 16 * 1_024) throw new Error('it holds no token')
    return text
  } catch (cause) {
    throw new SecretError(
      'misconfigured',
      `The token file ${file} cannot be read: ${describeError(cause)}. Is it mounted, and may this user read it?`,
      { cause },
    )
  }
}
