import { edgePaths, fill } from '@jidoka/contract'
import { beforeEach, describe, expect, test } from 'vitest'
import { httpLimits } from './limits.ts'
import { HttpHarness, password, problemOf, sessionOf } from './testing/http-harness.ts'
import { someAlarm } from './testing/memory-journal.ts'

let edge: HttpHarness
beforeEach(() => {
  edge = new HttpHarness()
})

describe('signing in', () => {
  test('gives an HTTP-only cookie of this site alone, and who is signed in with what they may do', async () => {
    const answer = await edge.logIn('operator')
    const cookie = answer.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^jidoka_session=[\w-]{43};/)
    expect(cookie).toContain('HttpOnly')
    expect(cookie).toContain('SameSite=Strict')
    expect(cookie).not.toContain('Secure')
    const { data } = (await answer.json()) as { data: { permissions: string[] } }
    expect(data.permissions).toContain('alarm:acknowledge')
    expect(data.permissions).not.toContain('user:manage')
  })

  test('behind TLS the cookie is Secure and browsers are told to stay', async () => {
    edge.restart({ behindTls: true })
    const answer = await edge.logIn('admin')
    expect(answer.headers.get('set-cookie')).toContain('Secure')
    expect(answer.headers.get('strict-transport-security')).toContain('max-age')
  })

  test('a stranger is asked to sign in at every route of the API, before anything of the request is looked at', async () => {
    const { paths } = (await (await edge.get('/openapi.json')).json()) as {
      paths: Record<string, Record<string, unknown>>
    }
    const open = new Set<string>([edgePaths.login, edgePaths.logout])
    const asked = Object.entries(paths).filter(([path]) => path.startsWith('/api/') && !open.has(path))
    expect(asked.length).toBeGreaterThan(10)
    for (const [path, methods] of asked) {
      for (const method of Object.keys(methods)) {
        const answer = method === 'get' ? edge.get(path) : edge.post(path, 'nonsense')
        expect([path, await problemOf(answer)]).toMatchObject([path, { kind: 'not_signed_in', status: 401 }])
      }
    }
  })

  test('a wrong password and an unknown login get the same answer', async () => {
    const wrong = await problemOf(edge.logIn('admin', 'wrong'))
    const unknown = await problemOf(edge.logIn('nobody'))
    expect(wrong).toMatchObject({ kind: 'wrong_credentials', status: 401 })
    expect({ ...unknown, request_id: '' }).toEqual({ ...wrong, request_id: '' })
  })

  test('I10: the 21st attempt in 15 minutes is refused, also with the right password, and later ones are not', async () => {
    for (let attempt = 0; attempt < 20; attempt++) edge.services.limiter.begin('admin', 'unknown')
    const refused = await edge.logIn('admin')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await edge.logIn('operator')).status).toBe(200)
    edge.clock.advance(15 * 60_000)
    expect((await edge.logIn('admin')).status).toBe(200)
  })

  test('parallel guesses cannot pass the limit while the first is still hashed', async () => {
    const answers = await Promise.all(Array.from({ length: 24 }, () => edge.logIn('admin', 'wrong')))
    expect(answers.filter((answer) => answer.status === 429)).toHaveLength(4)
  })

  test('a session ends with sign-out, with the time, and with a new password; a restart does not end it', async () => {
    const first = await edge.cookieOf('admin')
    const second = await edge.cookieOf('admin')
    edge.restart()
    expect((await edge.get(edgePaths.me, first)).status).toBe(200)
    expect((await edge.app.request(edgePaths.logout, { method: 'POST', headers: { cookie: first } })).status).toBe(200)
    expect((await problemOf(edge.get(edgePaths.me, first))).kind).toBe('not_signed_in')
    const changed = await edge.post(
      edgePaths.password,
      { current: password, next: 'another long password' },
      { cookie: second },
    )
    expect(changed.status).toBe(200)
    expect((await edge.get(edgePaths.me, second)).status).toBe(401)
    const third = sessionOf(changed)
    expect((await edge.get(edgePaths.me, third)).status).toBe(200)
    edge.clock.advance(13 * 3_600_000)
    expect((await edge.get(edgePaths.me, third)).status).toBe(401)
  })

  test('I8: neither token nor password is in the store, only hashes', async () => {
    const cookie = await edge.cookieOf('admin')
    const stored = JSON.stringify([...edge.journal.settings, ...edge.journal.records])
    expect(stored).not.toContain(cookie.split('=')[1])
    expect(stored).not.toContain(password)
  })

  test('a short new password is refused with a sentence for its field', async () => {
    const cookie = await edge.cookieOf('admin')
    const problem = await problemOf(edge.post(edgePaths.password, { current: password, next: 'short' }, { cookie }))
    expect(problem).toMatchObject({ kind: 'invalid_input', errors: [{ path: 'next' }] })
  })

  test('a user of the cloud signs in here but changes the password there', async () => {
    edge.addUser('kim', 'manager', 'desired')
    edge.restart()
    const cookie = await edge.cookieOf('kim')
    const problem = await problemOf(
      edge.post(edgePaths.password, { current: password, next: 'another long password' }, { cookie }),
    )
    expect(problem.kind).toBe('conflict')
  })

  test('signing in and out is in the audit records', async () => {
    const cookie = await edge.cookieOf('operator')
    await edge.app.request(edgePaths.logout, { method: 'POST', headers: { cookie } })
    expect(edge.journal.records.flatMap((record) => (record.kind === 'audit' ? [record.body.action] : []))).toEqual([
      'signed_in',
      'signed_out',
    ])
  })
})

describe('what is let in', () => {
  const protectedPaths = [
    edgePaths.board,
    edgePaths.stream,
    edgePaths.tags,
    edgePaths.alarms,
    edgePaths.judgments,
    edgePaths.rules,
    edgePaths.sync,
    edgePaths.outages,
    edgePaths.deadLetters,
    edgePaths.me,
  ]
  test.each(protectedPaths)('%s needs a session', async (path) => {
    expect((await problemOf(edge.get(path))).kind).toBe('not_signed_in')
    expect((await problemOf(edge.get(path, 'jidoka_session=invented'))).kind).toBe('not_signed_in')
  })

  test('the token of the command line is let in, a wrong one is not', async () => {
    expect((await edge.app.request(edgePaths.sync, { headers: { authorization: 'Bearer the-token' } })).status).toBe(
      200,
    )
    expect((await edge.app.request(edgePaths.sync, { headers: { authorization: 'Bearer the-tokem' } })).status).toBe(
      401,
    )
  })

  test('another site cannot act with the cookie of this one', async () => {
    const cookie = await edge.cookieOf('operator')
    const path = fill(edgePaths.acknowledge, { id: someAlarm().id })
    const ask = (headers: Record<string, string>) =>
      edge.app.request(path, { method: 'POST', headers: { cookie, host: 'edge.plant:8080', ...headers } })
    expect((await problemOf(ask({ origin: 'http://evil.example' }))).kind).toBe('not_permitted')
    expect((await problemOf(ask({ 'sec-fetch-site': 'cross-site' }))).kind).toBe('not_permitted')
    expect((await problemOf(ask({ origin: 'null' }))).kind).toBe('not_permitted')
    expect((await problemOf(ask({ origin: 'http://edge.plant:8080' }))).kind).toBe('not_found')
  })

  test('I10: bad bodies get a problem each, and none an answer of another kind', async () => {
    const raw = (body: string, type = 'application/json') =>
      edge.app.request(edgePaths.login, { method: 'POST', body, headers: { 'content-type': type } })
    expect((await problemOf(raw('{'))).kind).toBe('invalid_input')
    expect((await problemOf(raw('[]'))).kind).toBe('invalid_input')
    expect((await problemOf(raw('{"login":"admin","password":"x","extra":1}'))).kind).toBe('invalid_input')
    expect((await problemOf(raw('login=admin', 'application/x-www-form-urlencoded'))).kind).toBe('invalid_input')
    const large = await problemOf(
      raw(JSON.stringify({ login: 'admin', password: 'x'.repeat(httpLimits.bodyBytesMax) })),
    )
    expect(large).toMatchObject({ kind: 'too_large', status: 413 })
  })

  test('I10: an address that asks without end is told to wait', async () => {
    for (let count = 0; count < httpLimits.requestsPerWindowMax; count++) await edge.app.request('/api/v1/nothing')
    const answer = await edge.app.request(edgePaths.me)
    expect(answer.status).toBe(429)
    edge.clock.advance(httpLimits.requestsWindowMs)
    expect((await edge.app.request(edgePaths.me)).status).toBe(401)
  })
})
