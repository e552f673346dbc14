import { afterAll, beforeAll, describe } from 'vitest'
import { postgresIsMissing, postgresServer } from '../../testing/stores.ts'
import type { PostgresServer } from '../../testing/stores.ts'
import { brokenLineCases } from './broken-line.cases.ts'
import { migrationLockCases } from './migration-locks.cases.ts'
import { toxicLineCases } from './toxic-line.cases.ts'

const missing = postgresIsMissing()

describe.skipIf(missing !== null)(`on PostgreSQL 15${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await postgresServer()
  })
  afterAll(() => server.end())
  migrationLockCases(() => server.newStore())
  brokenLineCases(() => server)
  toxicLineCases(() => server)
})
