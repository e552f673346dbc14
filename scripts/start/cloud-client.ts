import { cloudPaths, fill, pageSizeMax } from '@jidoka/contract'
import type { CloudRule, CloudSession, EdgeDetail, EdgeSummary, Problem } from '@jidoka/contract'
import type { DesiredItem } from '@jidoka/domain'
import type { SignIn } from './sign-in.ts'

export class CloudRefusedError extends Error {
  override name = 'CloudRefusedError'
  readonly problem: Problem

  constructor(what: string, problem: Problem) {
    super(`The cloud refused to ${what}: ${problem.detail}`)
    this.problem = problem
  }
}

/** What the start script asks of the cloud, by the same HTTP API that a person's console uses. */
export class CloudClient {
  readonly #url: string
  readonly #accessToken: string

  private constructor(url: string, accessToken: string) {
    this.#url = url
    this.#accessToken = accessToken
  }

  static async signIn(url: string, signIn: SignIn): Promise<CloudClient> {
    const session = await request<CloudSession>(url, 'sign in', 'POST', cloudPaths.login, signIn)
    return new CloudClient(url, session.access_token)
  }

  async enrolmentToken(siteCode: string): Promise<string> {
    const { token } = await this.#call<{ token: string }>('make an enrolment token', 'POST', cloudPaths.enrolments, {
      site_code: siteCode,
    })
    return token
  }

  /** The first page holds more than a plant that was just set up has. */
  edges(): Promise<readonly EdgeSummary[]> {
    return this.#call('list the edges', 'GET', `${cloudPaths.edges}?limit=${pageSizeMax}`)
  }

  edge(edgeId: string): Promise<EdgeDetail> {
    return this.#call('show an edge', 'GET', fill(cloudPaths.edge, { id: edgeId }))
  }

  /** Puts a desired item in place: a rule through the rule store, so that the console can edit it; the others directly. */
  async deploy(edgeId: string, item: DesiredItem): Promise<void> {
    if (item.kind !== 'rule') {
      const path = fill(cloudPaths.desired, { id: edgeId, kind: item.kind, key: item.key })
      await this.#call(`deploy the ${item.kind}`, 'PUT', path, { body: item.body })
      return
    }
    const { version: _given, ...definition } = item.body
    const rules = await this.#call<readonly CloudRule[]>(
      'list the rules',
      'GET',
      `${cloudPaths.rules}?limit=${pageSizeMax}`,
    )
    if (!rules.some((rule) => rule.definition.id === definition.id)) {
      const path = fill(cloudPaths.rule, { id: definition.id })
      await this.#call(`keep the rule ${definition.id}`, 'PUT', path, { definition, based_on_version: 0 })
    }
    const path = fill(cloudPaths.deployRule, { id: definition.id })
    await this.#call(`deploy the rule ${definition.id}`, 'POST', path, { edge_ids: [edgeId] })
  }

  #call<Data>(what: string, method: string, path: string, body?: unknown): Promise<Data> {
    return request(this.#url, what, method, path, body, this.#accessToken)
  }
}

async function request<Data>(
  url: string,
  what: string,
  method: string,
  path: string,
  body?: unknown,
  accessToken?: string,
): Promise<Data> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  })
  if (response.status === 204) return undefined as Data
  const answer = (await response.json()) as { data: Data }
  if (!response.ok) throw new CloudRefusedError(what, answer as unknown as Problem)
  return answer.data
}
