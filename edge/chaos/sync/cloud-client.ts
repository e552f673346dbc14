import { cloudPaths, fill, pageSizeMax, sessionSchema } from '@jidoka/contract'
import type { RuleDefinition } from '@jidoka/domain'
import { z } from 'zod'

/** What the harness looks at of an edge; the cloud says more. */
const edgesSchema = z.array(
  z.object({
    id: z.string(),
    pending_items: z.number(),
    open_troubles: z.number(),
    lanes: z.array(z.object({ lane: z.enum(['records', 'readings']), epoch: z.string(), received_seq: z.number() })),
  }),
)
export type CloudEdge = z.infer<typeof edgesSchema>[number]

const answerMsMax = 10_000

/** The cloud as its console asks it. The access token outlives the cloud's process. */
export class CloudClient {
  readonly #url: string
  #token = ''

  constructor(url: string) {
    this.#url = url
  }

  async signIn(password: string): Promise<void> {
    const session = sessionSchema.parse(await this.#ask('POST', cloudPaths.login, { login: 'admin', password }))
    this.#token = session.access_token
  }

  async enrolmentToken(): Promise<string> {
    const answer = await this.#ask('POST', cloudPaths.enrolments, { site_code: 'CHAOS' })
    return z.object({ token: z.string() }).parse(answer).token
  }

  async edges(): Promise<readonly CloudEdge[]> {
    return edgesSchema.parse(await this.#ask('GET', `${cloudPaths.edges}?limit=${pageSizeMax}`))
  }

  async deploy(edgeId: string, { version: _given, ...definition }: RuleDefinition): Promise<void> {
    const { id } = definition
    await this.#ask('PUT', fill(cloudPaths.rule, { id }), { definition, based_on_version: 0 })
    await this.#ask('POST', fill(cloudPaths.deployRule, { id }), { edge_ids: [edgeId] })
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerMsMax),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`the cloud answered ${response.status} to ${method} ${path}: ${text}`)
    return (JSON.parse(text) as { data: unknown }).data
  }
}
