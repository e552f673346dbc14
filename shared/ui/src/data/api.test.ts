import { expect, test } from 'vitest'
import { translator } from '../i18n/messages.ts'
import { uiMessages } from '../messages/index.ts'
import { createApi, withQuery, type ApiParts } from './api.ts'
import { describeError } from './describe-error.ts'
import { ConnectionError, ProblemError } from './errors.ts'

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
const problemBody = (kind: string, status: number, more: object = {}) => ({
  type: 'urn:x',
  kind,
  title: kind,
  status,
  detail: `detail of ${kind}`,
  ...more,
})

function apiWith(answers: (Response | (() => never))[], parts: Partial<ApiParts> = {}) {
  const requests: { url: string; init: RequestInit }[] = []
  const api = createApi({
    ...parts,
    fetch: (url, init) => {
      requests.push({ url: url instanceof Request ? url.url : url.toString(), init: init ?? {} })
      const answer = answers[requests.length - 1]
      if (answer === undefined) return Promise.reject(new TypeError('no answer'))
      return typeof answer === 'function' ? Promise.reject(failure(answer)) : Promise.resolve(answer)
    },
  })
  return { api, requests }
}
function failure(thrower: () => never): unknown {
  try {
    return thrower()
  } catch (error) {
    return error
  }
}
const caught = (promise: Promise<unknown>) => promise.then(() => null).catch((error: unknown) => error)

test('an answer is taken out of its envelope with the cursor of the next page', async () => {
  const { api, requests } = apiWith([json(200, { data: [1], meta: { request_id: 'r', next_cursor: 'c' } })])
  expect(await api.get<number[]>('/list', { query: { line: 'A/1', from: null, limit: 5, status: '' } })).toEqual({
    data: [1],
    meta: { request_id: 'r', next_cursor: 'c' },
  })
  expect(requests[0]?.url).toBe('/list?line=A%2F1&limit=5')
})

test('a query without members leaves the path as it is', () => {
  expect([withQuery('/a', undefined), withQuery('/a', { b: undefined })]).toEqual(['/a', '/a'])
})

test('a problem is thrown as the server wrote it', async () => {
  const { api } = apiWith([json(409, problemBody('alarm_refused', 409, { reason: 'already_acknowledged' }))])
  const error = await caught(api.post('/ack'))
  expect(error).toBeInstanceOf(ProblemError)
  expect(describeError(error, translator(uiMessages, 'ko')).sentence).toBe('다른 사람이 이미 확인한 알람입니다.')
})

test.each([
  [502, 'unavailable'],
  [404, 'not_found'],
  [418, 'invalid_input'],
  [500, 'internal'],
])("a proxy's page with status %i counts as %s", async (status, kind) => {
  const { api } = apiWith([new Response('<html>', { status })])
  const error = await caught(api.get('/x'))
  expect(error instanceof ProblemError && error.problem.kind).toBe(kind)
})

test('a kind of problem from a newer server is read by its status', async () => {
  const { api } = apiWith([json(429, problemBody('toString', 429))])
  const error = await caught(api.get('/x'))
  expect(error instanceof ProblemError && error.problem.kind).toBe('too_many_requests')
})

test('no network, no answer in time, and an answer that cannot be read are told apart', async () => {
  const refused = apiWith([
    () => {
      throw new TypeError('fetch failed')
    },
  ])
  expect(await caught(refused.api.get('/x'))).toMatchObject({ name: 'ConnectionError', kind: 'unreachable' })
  const broken = apiWith([new Response('{"data":', { status: 200 })])
  expect(await caught(broken.api.get('/x'))).toMatchObject({ name: 'ConnectionError', kind: 'unreadable' })
  const slow = createApi({
    fetch: (_url, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      }),
  })
  expect(await caught(slow.get('/x', { timeoutMs: 5 }))).toMatchObject({ name: 'ConnectionError', kind: 'timeout' })
})

test('a caller that gives up is no failure of the connection', async () => {
  const controller = new AbortController()
  const api = createApi({
    fetch: (_url, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      }),
  })
  const asked = caught(api.get('/x', { signal: controller.signal }))
  controller.abort()
  const error = await asked
  expect(error).not.toBeInstanceOf(ConnectionError)
  expect(error).toMatchObject({ name: 'AbortError' })
})

test('a 401 is refreshed once and the request repeated with the new token', async () => {
  let token = 'old'
  const { api, requests } = apiWith(
    [json(401, problemBody('not_signed_in', 401)), json(200, { data: 'ok', meta: { request_id: 'r' } })],
    {
      authorization: () => `Bearer ${token}`,
      refresh: () => {
        token = 'new'
        return Promise.resolve(true)
      },
    },
  )
  expect((await api.put('/x', { a: 1 })).data).toBe('ok')
  expect(requests.map(({ init }) => new Headers(init.headers).get('authorization'))).toEqual([
    'Bearer old',
    'Bearer new',
  ])
  expect(requests[1]?.init.body).toBe('{"a":1}')
})

test('a 401 of a token that another call has changed meanwhile is repeated without another refresh', async () => {
  let token = 'old'
  let refreshes = 0
  const { api, requests } = apiWith(
    [json(401, problemBody('not_signed_in', 401)), json(200, { data: 'ok', meta: { request_id: 'r' } })],
    {
      authorization: () => `Bearer ${token}`,
      refresh: () => {
        refreshes++
        return Promise.resolve(true)
      },
    },
  )
  const asked = api.get('/x')
  token = 'new'
  expect((await asked).data).toBe('ok')
  expect(refreshes).toBe(0)
  expect(new Headers(requests[1]?.init.headers).get('authorization')).toBe('Bearer new')
})

test('a session that cannot be refreshed is reported once, and the problem thrown', async () => {
  let ended = 0
  const { api } = apiWith([json(401, problemBody('not_signed_in', 401))], {
    refresh: () => Promise.resolve(false),
    onSignedOut: () => ended++,
  })
  expect(await caught(api.get('/x'))).toBeInstanceOf(ProblemError)
  expect(ended).toBe(1)
})

test('a wrong password neither refreshes nor ends the session', async () => {
  let called = 0
  const { api } = apiWith([json(401, problemBody('wrong_credentials', 401))], {
    refresh: () => {
      called++
      return Promise.resolve(true)
    },
    onSignedOut: () => called++,
  })
  expect(await caught(api.post('/login', {}))).toBeInstanceOf(ProblemError)
  expect(called).toBe(0)
})

test('a description names the field, the place in a script, and the request number of an internal error', () => {
  const t = translator(uiMessages, 'en')
  const of = (kind: string, more: object) =>
    describeError(new ProblemError(problemBody(kind, 400, more) as never), t).details
  expect(of('invalid_input', { errors: [{ path: 'to', message: 'must be later' }] })).toEqual(['to: must be later'])
  expect(of('rule_refused', { line: 3, column: 9 })).toEqual(['Line 3, column 9', 'detail of rule_refused'])
  const refused = {
    ...problemBody('rule_refused', 422),
    detail: 'Line 3, column 9: the rule threw: no',
    line: 3,
    column: 9,
  }
  expect(describeError(new ProblemError(refused as never), translator(uiMessages, 'ko'), 'ko').details).toEqual([
    '3행 9열',
    '규칙이 스스로 오류를 냈습니다: no',
  ])
  expect(of('internal', { request_id: 'r-7' })).toEqual(['Request number r-7'])
  expect(describeError('nonsense', t).sentence).toContain('Load the page again')
})
