import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { askKeeper, isPrivateWay, parseAnswer } from './ask-keeper.ts'
import type { KeeperRequest } from './ask-keeper.ts'
import { SecretError } from './secret-error.ts'
import { readToken } from './token-file.ts'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** How this program shows AWS who it is. */
export type AwsAuth =
  | ({ readonly kind: 'keys' } & AwsCredentials)
  /** A role by the token of a pod's service account (EKS: IRSA). */
  | {
      readonly kind: 'web_identity'
      readonly roleArn: string
      readonly tokenFile: string
      /** Of the token service, in the region. */
      readonly stsUrl: string
    }
  /** An agent beside the container (EKS Pod Identity, ECS). */
  | { readonly kind: 'container'; readonly url: string; readonly tokenFile?: string | undefined }

/** Taken anew so long before their end: a request that is signed now is looked at within minutes. */
const renewBeforeMs = 5 * 60_000
/** Between two attempts while those from before still hold: each attempt keeps a request waiting, and there are nine in five minutes. */
const renewAgainMs = 30_000
/** Of the agents of ECS and EKS: link-local, they are on the same machine. */
const agentHosts: ReadonlySet<string> = new Set(['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]'])

interface Held {
  readonly credentials: AwsCredentials
  readonly renewAtMs: number
  readonly endsAtMs: number
}

const containerSchema = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string().min(1),
  Expiration: z.string(),
})

/** Credentials that sign requests, taken anew before they end. */
export class AwsIdentity {
  readonly #auth: AwsAuth
  readonly #clock: Clock
  #held: Promise<Held> | null = null

  /** @throws SecretError `misconfigured` */
  constructor(auth: AwsAuth, clock: Clock) {
    this.#auth = auth
    this.#clock = clock
    if (auth.kind === 'web_identity' && !isPrivateWay(auth.stsUrl))
      throw new SecretError(
        'misconfigured',
        'The address of the token service of AWS must begin with https://, as credentials come from there. Plain http is for this machine alone.',
      )
    if (auth.kind === 'container' && !isPrivateWay(auth.url) && !agentHosts.has(new URL(auth.url).hostname))
      throw new SecretError(
        'misconfigured',
        `The address that hands out AWS credentials must begin with https://. Plain http is for this machine and for the agents of ECS and EKS alone (${[...agentHosts].join(', ')}).`,
      )
  }

  /** @throws SecretError */
  async current(): Promise<AwsCredentials> {
    const held = this.#held
    const before = await held
    if (before !== null && before.renewAtMs > this.#clock.nowMs()) return before.credentials
    // Whoever comes meanwhile waits for the same.
    if (this.#held === null) this.#held = this.#fresh()
    else if (this.#held === held && before !== null) this.#held = this.#renewed(before)
    const fresh = this.#held
    try {
      return (await fresh).credentials
    } catch (error) {
      if (this.#held === fresh) this.#held = null
      throw error
    }
  }

  /** They were refused: the next request takes others. False where there are no others. */
  forget(): boolean {
    this.#held = null
    return this.#auth.kind !== 'keys'
  }

  /** Those from before are used to their end while there are no others. */
  async #renewed(before: Held): Promise<Held> {
    try {
      return await this.#fresh()
    } catch (error) {
      const nowMs = this.#clock.nowMs()
      if (before.endsAtMs <= nowMs) throw error
      return { ...before, renewAtMs: Math.min(before.endsAtMs, nowMs + renewAgainMs) }
    }
  }

  async #fresh(): Promise<Held> {
    const auth = this.#auth
    if (auth.kind === 'keys')
      return { credentials: auth, renewAtMs: Number.POSITIVE_INFINITY, endsAtMs: Number.POSITIVE_INFINITY }
    return auth.kind === 'container' ? this.#ofContainer(auth) : this.#ofRole(auth)
  }

  async #ofContainer({ url, tokenFile }: Extract<AwsAuth, { kind: 'container' }>): Promise<Held> {
    const name = 'The agent of the container that hands out AWS credentials'
    const text = await this.#ask(name, () => ({
      method: 'GET',
      url,
      headers: tokenFile === undefined ? {} : { authorization: readToken(tokenFile) },
    }))
    const answer = containerSchema.safeParse(parseAnswer(text))
    return this.#holding(
      name,
      answer.success
        ? [answer.data.AccessKeyId, answer.data.SecretAccessKey, answer.data.Token, answer.data.Expiration]
        : [],
    )
  }

  async #ofRole({ roleArn, tokenFile, stsUrl }: Extract<AwsAuth, { kind: 'web_identity' }>): Promise<Held> {
    const name = 'The token service of AWS'
    const text = await this.#ask(name, () => ({
      method: 'POST',
      url: stsUrl,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        Action: 'AssumeRoleWithWebIdentity',
        Version: '2011-06-15',
        RoleArn: roleArn,
        RoleSessionName: 'jidoka-cloud',
        WebIdentityToken: readToken(tokenFile),
      }).toString(),
    }))
    // Its XML is flat where it matters; a parser of XML would be the larger risk.
    const of = (element: string) => new RegExp(`<${element}>([^<>]{1,8192})</${element}>`).exec(text)?.[1] ?? ''
    return this.#holding(name, ['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'].map(of))
  }

  async #ask(name: string, request: () => KeeperRequest): Promise<string> {
    const { status, text } = await askKeeper({
      clock: this.#clock,
      name,
      request,
      isPassing: (answer) => answer.status >= 500 || answer.status === 429,
    })
    if (status < 300) return text
    const code = /<Code>(\w{1,80})<\/Code>/.exec(text)?.[1]
    throw new SecretError(
      status >= 500 || status === 429 ? 'unavailable' : 'refused',
      `${name} gives no credentials (status ${status}${code === undefined ? '' : `, ${code}`}). Look whether the role trusts this service account, and whether its token is the one that is mounted.`,
    )
  }

  #holding(name: string, [accessKeyId = '', secretAccessKey = '', sessionToken = '', until = '']: string[]): Held {
    const endsAtMs = Date.parse(until)
    if (accessKeyId === '' || secretAccessKey === '' || sessionToken === '' || Number.isNaN(endsAtMs))
      throw new SecretError('misconfigured', `${name} answers something that is no credentials. Is its address right?`)
    return {
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      renewAtMs: endsAtMs - renewBeforeMs,
      endsAtMs,
    }
  }
}
