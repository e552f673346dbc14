import { expect, test } from 'vitest'
import { translator } from '../i18n/messages.ts'
import { uiMessages } from '../messages/index.ts'
import { createApi } from './api.ts'
import { describeError } from './describe-error.ts'
import { ConnectionError, ProblemError } from './errors.ts'

const apiOf = (answer: (init: RequestInit) => Response) => {
  const requests: RequestInit[] = []
  const api = createApi({
    fetch: (_url, init = {}) => {
      requests.push(init)
      return Promise.resolve(answer(init))
    },
  })
  return { api, requests }
}

test('a file comes whole, with its name and with the bytes counted on the way', async () => {
  const bytes = new Uint8Array(300_000).fill(7)
  const headers = { 'content-type': 'application/gzip', 'content-disposition': 'attachment; filename="a b.tar.gz"' }
  const { api, requests } = apiOf(() => new Response(bytes, { headers }))
  const counted: number[] = []
  const { blob, name } = await api.download('/bundle', { method: 'POST', onBytes: (count) => counted.push(count) })
  expect(new Uint8Array(await blob.arrayBuffer())).toEqual(bytes)
  expect([blob.type, name, counted.at(-1)]).toEqual(['application/gzip', 'a b.tar.gz', 300_000])
  expect(requests[0]?.method).toBe('POST')
})

test.each(['attachment', 'attachment; filename="../../etc/passwd"', 'attachment; filename=""'])(
  'a server that says %s has named no file',
  async (disposition) => {
    const { api } = apiOf(() => new Response('x', { headers: { 'content-disposition': disposition } }))
    expect((await api.download('/x')).name).toBeNull()
  },
)

test('a file that breaks off midway is no file', async () => {
  const broken = () =>
    new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        pull: (controller) => controller.error(new TypeError('the line is cut')),
      }),
    )
  const { api } = apiOf(broken)
  const error = await api.download('/x').catch((failure: unknown) => failure)
  expect(error instanceof ConnectionError && error.kind).toBe('unreadable')
})

test('a download that is refused is a problem, and no file with the problem in it', async () => {
  const problem = { type: 'urn:x', kind: 'conflict', title: '', status: 409, detail: 'Another export is under way.' }
  const { api } = apiOf(() => new Response(JSON.stringify(problem), { status: 409 }))
  const error = await api.download('/x').catch((failure: unknown) => failure)
  expect(error instanceof ProblemError && error.problem.detail).toBe('Another export is under way.')
})

test('a file is sent as it is, under its own type', async () => {
  const { api, requests } = apiOf(() => new Response(JSON.stringify({ data: 1, meta: { request_id: 'r' } })))
  const body = new Blob(['bytes'], { type: 'application/vnd.jidoka.courier' })
  await api.put('/piece', body)
  expect(requests[0]?.body).toBe(body)
  expect(new Headers(requests[0]?.headers).get('content-type')).toBe('application/vnd.jidoka.courier')
})

test('what is wrong with a file is told in the words of the server, where no field is marked', () => {
  const error = new ProblemError({
    type: 'urn:x',
    kind: 'invalid_input',
    title: '',
    status: 400,
    detail: 'The courier file ends before its end.',
  })
  expect(describeError(error, translator(uiMessages, 'en'))).toEqual({
    sentence: 'It was not accepted, and nothing was changed. The reason:',
    details: ['The courier file ends before its end.'],
  })
})
