import { isErrno, OperationalError } from '@jidoka/base'
import { problemSchema } from '@jidoka/contract'
import { z } from 'zod'
import type { CliAccess } from './access.ts'

/** 10 s: it is on this machine. */
const answerTimeoutMs = 10_000

/** The running appliance over its own HTTP API. */
export class ApplianceClient {
  readonly #access: CliAccess

  constructor(access: CliAccess) {
    this.#access = access
  }

  get url(): string {
    return this.#access.url
  }

  async get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
    const response = await this.#fetch(path, AbortSignal.timeout(answerTimeoutMs))
    return readAnswer(response, schema)
  }

  async post<Schema extends z.ZodType>(
    path: string,
    body: unknown,
    schema: Schema,
    signal: AbortSignal = AbortSignal.timeout(answerTimeoutMs),
  ): Promise<z.output<Schema>> {
    const type = 'application/json'
    const response = await this.#fetch(path, signal, { body: new Blob([JSON.stringify(body)], { type }), type })
    return readAnswer(response, schema)
  }

  /** A body as it comes, which may take as long as it needs. */
  async download(path: string, signal: AbortSignal): Promise<Response> {
    return this.#fetch(path, signal)
  }

  /** A file that is made for the asking. */
  async downloadMade(path: string, signal: AbortSignal): Promise<Response> {
    return this.#fetch(path, signal, { body: new Blob(), type: 'application/json' })
  }

  /** Sends a file as the body. */
  async upload<Schema extends z.ZodType>(
    path: string,
    { body, type, signal }: { readonly body: Blob; readonly type: string; readonly signal: AbortSignal },
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const response = await this.#fetch(path, signal, { body, type })
    return readAnswer(response, schema)
  }

  /** Events of a stream as they come, until the signal ends it. */
  async *events(path: string, signal: AbortSignal): AsyncGenerator<{ readonly event: string; readonly data: string }> {
    const response = await this.#fetch(path, signal)
    if (response.body === null) return
    let text = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        const event = /^event: (.*)$/m.exec(block)?.[1]
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (event !== undefined && data !== undefined) yield { event, data }
      }
    }
  }

  async #fetch(
    path: string,
    signal: AbortSignal,
    sent?: { readonly body: Blob; readonly type: string },
  ): Promise<Response> {
    try {
      const response = await fetch(new URL(path, this.#access.url), {
        ...(sent === undefined ? {} : { method: 'POST', body: sent.body }),
        headers: {
          authorization: `Bearer ${this.#access.token}`,
          ...(sent === undefined ? {} : { 'content-type': sent.type }),
        },
        signal,
      })
      if (response.ok) return response
      const problem = problemSchema.safeParse(await response.json().catch(() => null))
      throw new OperationalError(
        problem.success ? problem.data.detail : `The appliance answered with status ${response.status}.`,
      )
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined
      if (isErrno(cause, 'ECONNREFUSED'))
        throw new OperationalError(
          `The appliance at ${this.#access.url} does not answer. It may have been stopped hard; start it again.`,
          { cause },
        )
      throw error
    }
  }
}

async function readAnswer<Schema extends z.ZodType>(response: Response, schema: Schema): Promise<z.output<Schema>> {
  const enclosed = z.object({ data: z.unknown() }).safeParse(await response.json())
  const parsed = schema.safeParse(enclosed.data?.data)
  if (parsed.success) return parsed.data
  throw new OperationalError(
    'The appliance answers in another way than this command knows. Use the command line of the same version.',
  )
}
