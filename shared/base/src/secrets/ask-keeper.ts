import { travelsInClear } from '../clear-text.ts'
import type { Clock } from '../clock.ts'
import { describeError } from '../errors.ts'
import { SecretError } from './secret-error.ts'

// How this program speaks over HTTP with whoever keeps keys for it.

export const keeperLimits = {
  /** One request. Longer, and people who wait for a page think it hangs; shorter, and an election of a leader fails them. */
  requestMs: 3_000,
  /** An attempt and two more: an election takes a second or two. */
  attemptsMax: 3,
  retryDelayMs: 300,
  /** What is answered here is below 4 KB; more is another program at this address. */
  answerBytesMax: 256 * 1_024,
} as const

export interface KeeperRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

export interface KeeperAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface KeeperTalk {
  readonly clock: Clock
  /** In sentences: `Vault`, `AWS KMS`. */
  readonly name: string
  /** Made anew for each attempt, as a signature has its time. */
  readonly request: () => KeeperRequest | Promise<KeeperRequest>
  /** Whether what was answered may be another thing in a moment. */
  readonly isPassing: (answer: KeeperAnswer) => boolean
}

/** Asks, again where that may help. The last answer, whatever it says. @throws SecretError `unavailable` when there is none */
export async function askKeeper({ clock, name, request, isPassing }: KeeperTalk): Promise<KeeperAnswer> {
  for (let attempt = 1; ; attempt++) {
    const asked = await request()
    const outcome = await once(asked, clock).catch((cause: unknown) => new NoAnswer(cause))
    const isLast = attempt === keeperLimits.attemptsMax
    if (outcome instanceof NoAnswer) {
      if (isLast)
        throw new SecretError(
          'unavailable',
          `${name} at ${new URL(asked.url).host} does not answer: ${describeError(outcome.cause)}. Look whether it runs and can be reached from here.`,
          { cause: outcome.cause },
        )
    } else if (isLast || !isPassing(outcome)) return outcome
    await new Promise<void>((resolve) => void clock.after(keeperLimits.retryDelayMs * attempt, resolve))
  }
}

/** Distinguishes what `fetch` throws from what was answered. */
class NoAnswer {
  readonly cause: unknown
  constructor(cause: unknown) {
    this.cause = cause
  }
}

async function once({ method, url, headers, body }: KeeperRequest, clock: Clock): Promise<KeeperAnswer> {
  const tooLong = new AbortController()
  const cancel = clock.after(keeperLimits.requestMs, () =>
    tooLong.abort(new Error(`no answer within ${keeperLimits.requestMs} ms`)),
  )
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      // A token or a signature would go wherever the answer points.
      redirect: 'manual',
      signal: tooLong.signal,
    })
    return { status: response.status, headers: response.headers, text: await readBounded(response) }
  } finally {
    cancel()
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > keeperLimits.answerBytesMax) throw new Error('its answer is too large to be one of its kind')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Undefined for what is no JSON, such as a proxy's page: told as what it is by whoever reads it. */
export function parseAnswer(text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Keys and tokens go there: https, or this machine. */
export const isPrivateWay = (url: string): boolean => new URL(url).protocol === 'https:' || !travelsInClear(url)
