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
    const enclosed = z.object({ data: z.unknown() }).safeParse(await response.json())
    const parsed = schema.safeParse(enclosed.data?.data)
    if (!parsed.success)
      throw new OperationalError(
        'The appliance answers in another way than this command knows. Use the command line of the same version.',
      )
    return parsed.data
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

  async #fetch(path: string, signal: AbortSignal): Promise<Response> {
    try {
      const response = await fetch(new URL(path, this.#access.url), {
        headers: { authorization: `Bearer ${this.#access.token}` },
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
