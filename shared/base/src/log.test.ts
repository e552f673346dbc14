import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLog } from './log.ts'
import { maskDeep } from './pii/mask-deep.ts'

const written = (work: (log: ReturnType<typeof createLog>) => void): { text: string; entries: unknown[] } => {
  const lines: string[] = []
  work(createLog('edge', { level: 'trace', destination: { write: (line: string) => void lines.push(line) } }))
  return { text: lines.join(''), entries: lines.map((line) => JSON.parse(line)) }
}

test('I8: secrets are redacted at every depth, and the line has the fields of the reference', () => {
  const { entries } = written((log) =>
    log.info({ userId: 'u1', password: 'hunter2', request: { headers: { authorization: 'Bearer abc' } } }, 'signed in'),
  )
  expect(entries).toMatchObject([
    {
      level: 'info',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      service: 'edge',
      userId: 'u1',
      message: 'signed in',
      password: '[redacted]',
      request: { headers: { authorization: '[redacted]' } },
    },
  ])
})

test('I8: nothing planted anywhere in an entry is in the line', () => {
  const { text } = written((log) => {
    const child = log.child({ operator: '김영수', refreshToken: 'planted-1' })
    child.info({ a: { b: { c: { d: { 'Set-Cookie': ['planted-2'] } } } } }, 'deep')
    child.error({ err: new Error('login to postgres://me:planted-3@db.example failed') }, 'token=planted-4 refused')
    child.warn('sent to planted@example.com, %s', '010-1234-5678')
    child.info({ stack: 'Error: 담당자 홍길동\n at x (Bearer planted-5-planted)' })
    child.info({ note: '-----BEGIN PRIVATE KEY-----\nplanted-6\n-----END PRIVATE KEY-----' })
    child.info({ jwt_of_it: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwbGFudGVkLTcifQ.planted-8' })
    child.info({ path: `/objects/links/eyJ${'a'.repeat(5_000)}.planted-10` })
    child.info({ message_of: JSON.stringify({ password: 'planted-9' }) })
  })
  for (const secret of [...Array.from({ length: 9 }, (_, index) => `planted-${index + 1}`), 'planted@', '1234-5678'])
    expect({ secret, isWritten: text.includes(secret) }).toEqual({ secret, isWritten: false })
  for (const name of ['김영수', '홍길동']) expect(text).not.toContain(name)
})

test('what only sounds like a secret stays: numbers of tokens, actions, identifiers', () => {
  const entry = {
    action: 'enrolment.token',
    tokens: 1_200,
    has_password: true,
    requestId: '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
    receipt: 'a'.repeat(64),
    secret: null,
  }
  expect(written((log) => log.info(entry, 'done')).entries[0]).toMatchObject(entry)
})

test('a line that is too long to be looked through is not written, only that it was there', () => {
  const { text, entries } = written((log) => log.info({ dump: 'planted '.repeat(100_000) }))
  expect(text).not.toContain('planted')
  expect(entries[0]).toMatchObject({ action: 'log.drop', level: 'warn' })
})

test('I8: a line that is written without a closer look has nothing that a closer look would have taken out', () => {
  const pieces = fc.constantFrom(
    '010-1234-5678',
    '+82 10 1234 5678',
    '(031) 234-5678',
    '82-10-1212-3434',
    '0082',
    '900101-1234567',
    '900101 1234567',
    'a@x.kr',
    '홍길동 과장',
    ' ',
    ':',
    '-',
    '.',
    '0',
    '1',
    'token',
    '=',
    'password',
    'abc',
    'eyJhbGciOi.eyJzdWIi.x',
    'Bearer ',
    'planted-value',
    '\u200b',
    '０',
    '://u:p@h',
  )
  const texts = fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join(''))
  const entries = fc.dictionary(fc.oneof(fc.constantFrom('note', 'apiKey', 'x-token', 'at'), texts), texts, {
    maxKeys: 4,
  })
  fc.assert(
    fc.property(entries, (entry) => {
      const [line] = written((log) => log.info({ inside: entry })).entries
      expect(line).toMatchObject({ inside: maskDeep(entry, { secretsToo: true }).value as object })
    }),
    { numRuns: 2_000 },
  )
})
