import { AwsV4Signer } from 'aws4fetch'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { askKeeper, isPrivateWay, parseAnswer } from './ask-keeper.ts'
import type { KeeperAnswer } from './ask-keeper.ts'
import { AwsIdentity } from './aws-credentials.ts'
import type { AwsAuth } from './aws-credentials.ts'
import { SecretError } from './secret-error.ts'
import type { SecretErrorKind } from './secret-error.ts'

export interface KmsClientOptions {
  /** `https://kms.eu-central-1.amazonaws.com`; plain http on loopback only. */
  readonly url: string
  readonly region: string
  readonly auth: AwsAuth
  readonly clock: Clock
}

export type KmsAction = 'Encrypt' | 'Decrypt' | 'DescribeKey'

const errorSchema = z.object({
  __type: z.string().max(200),
  message: z.string().optional(),
  Message: z.string().optional(),
})

interface Meaning {
  readonly kind: SecretErrorKind
  readonly advice: string
}

/** What KMS says of itself passes; anything else does not by being asked again. */
const passing = new Set([
  'ThrottlingException',
  'KMSInternalException',
  'InternalFailure',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'DependencyTimeoutException',
  'KeyUnavailableException',
])
/** The credentials may have ended before their time. */
const ended = new Set(['ExpiredTokenException', 'UnrecognizedClientException', 'InvalidClientTokenId'])

const notLetIn: Meaning = {
  kind: 'refused',
  advice: 'Look whether the access key is there and active, and whether the clock of this machine is right.',
}
const keyIsOff: Meaning = {
  kind: 'refused',
  advice: 'Enable the key again, or cancel its deletion: what it seals cannot be read without it.',
}
const meanings: Readonly<Record<string, Meaning>> = {
  AccessDeniedException: {
    kind: 'refused',
    advice: 'Give the identity of this program kms:Encrypt, kms:Decrypt and kms:DescribeKey on the key.',
  },
  NotFoundException: { kind: 'misconfigured', advice: 'Is the name of the key right, and the region?' },
  InvalidArnException: { kind: 'misconfigured', advice: 'Is the name of the key right, and the region?' },
  ValidationException: { kind: 'misconfigured', advice: 'Is the name of the key right?' },
  InvalidKeyUsageException: { kind: 'misconfigured', advice: 'Name a symmetric key that is for encryption.' },
  IncorrectKeyException: { kind: 'unknown_key', advice: 'The row names another key than the one that seals it.' },
  InvalidCiphertextException: {
    kind: 'not_authentic',
    advice: 'It was changed, or it belongs elsewhere. Restore the row from a backup, or set the secret anew.',
  },
  DisabledException: keyIsOff,
  KMSInvalidStateException: keyIsOff,
  ExpiredTokenException: notLetIn,
  UnrecognizedClientException: notLetIn,
  InvalidClientTokenId: notLetIn,
  InvalidSignatureException: notLetIn,
  IncompleteSignature: notLetIn,
  MissingAuthenticationToken: notLetIn,
}

/** The HTTP API of AWS KMS: signed requests, time-outs, repeats, and what its refusals mean. */
export class KmsClient {
  readonly #options: KmsClientOptions
  readonly #identity: AwsIdentity

  /** @throws SecretError `misconfigured` */
  constructor(options: KmsClientOptions) {
    this.#options = options
    this.#identity = new AwsIdentity(options.auth, options.clock)
    if (!isPrivateWay(options.url))
      throw new SecretError(
        'misconfigured',
        'The address of AWS KMS must begin with https://, as data keys go there. Plain http is for this machine alone.',
      )
  }

  /** @throws SecretError */
  async call<Schema extends z.ZodType>(action: KmsAction, body: object, schema: Schema): Promise<z.output<Schema>> {
    for (let isFresh = false; ; isFresh = true) {
      const answer = await this.#ask(action, JSON.stringify(body))
      if (answer.status === 200) {
        const parsed = schema.safeParse(parseAnswer(answer.text))
        if (parsed.success) return parsed.data
        throw new SecretError(
          'misconfigured',
          `What answered to ${action} does not speak as AWS KMS does. Is the address right?`,
        )
      }
      if (!isFresh && ended.has(codeOf(answer)) && this.#identity.forget()) continue
      throw refusal(action, answer)
    }
  }

  #ask(action: KmsAction, body: string): Promise<KeeperAnswer> {
    const { url, region, clock } = this.#options
    return askKeeper({
      clock,
      name: 'AWS KMS',
      request: async () => {
        const { accessKeyId, secretAccessKey, sessionToken } = await this.#identity.current()
        const signed = await new AwsV4Signer({
          accessKeyId,
          secretAccessKey,
          ...(sessionToken === undefined ? {} : { sessionToken }),
          method: 'POST',
          url: `${url.replace(/\/+$/, '')}/`,
          headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${action}` },
          body,
          service: 'kms',
          region,
          datetime: new Date(clock.nowMs()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
          allHeaders: true,
        }).sign()
        return { method: 'POST', url: signed.url.href, headers: Object.fromEntries(signed.headers), body }
      },
      isPassing: (answer) => answer.status >= 500 || answer.status === 429 || passing.has(codeOf(answer)),
    })
  }
}

/** `com.amazonaws.kms#NotFoundException`, or the last part alone. */
function codeOf({ text }: KeeperAnswer): string {
  const parsed = errorSchema.safeParse(parseAnswer(text))
  return parsed.success ? (parsed.data.__type.split('#').at(-1) ?? '') : ''
}

/** What to do about a refusal; the words of KMS are kept, they hold neither key nor plaintext. */
function refusal(action: KmsAction, answer: KeeperAnswer): SecretError {
  const { status } = answer
  const code = codeOf(answer)
  const parsed = errorSchema.safeParse(parseAnswer(answer.text))
  const said = (parsed.success ? (parsed.data.message ?? parsed.data.Message ?? '') : '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
  const told = [`status ${status}`, code, said === '' ? '' : `"${said}"`].filter((part) => part !== '').join(', ')
  if (status >= 500 || status === 429 || passing.has(code))
    return new SecretError('unavailable', `AWS KMS cannot answer ${action} now (${told}). Try again in a moment.`)
  if (status >= 300 && status < 400)
    return new SecretError('misconfigured', `AWS KMS sends us elsewhere (${told}). Is the address right?`)
  const { kind, advice } = meanings[code] ?? {
    kind: 'refused',
    advice: 'Is the address right, and may this program use the key?',
  }
  return new SecretError(kind, `AWS KMS refuses ${action} (${told}). ${advice}`)
}
