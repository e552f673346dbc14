import { expect, test } from 'vitest'
import { createLog } from './log.ts'

test('I8: secrets are redacted at every depth that we log, and the line has the fields of the reference', () => {
  const lines: string[] = []
  const log = createLog('edge', { destination: { write: (line: string) => lines.push(line) } })
  log.info({ userId: 'u1', password: 'hunter2', request: { headers: { authorization: 'Bearer abc' } } }, 'signed in')
  const line = JSON.parse(lines[0] ?? '')
  expect(line).toMatchObject({
    level: 'info',
    service: 'edge',
    userId: 'u1',
    message: 'signed in',
    password: '[redacted]',
  })
  expect(line.request.headers.authorization).toBe('[redacted]')
  expect(new Date(line.timestamp).getTime()).toBeGreaterThan(0)
})
