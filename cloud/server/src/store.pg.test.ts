import { afterAll, beforeAll, describe } from 'vitest'
import { postgresOnlyCases } from './testing/postgres-only.cases.ts'
import { runStoreCases } from './testing/run-store-cases.ts'
import { postgresIsMissing, postgresServer } from './testing/stores.ts'
import type { PostgresServer } from './testing/stores.ts'

const missing = postgresIsMissing()

describe.skipIf(missing !== null)(`on PostgreSQL 15${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await postgresServer()
  })
  afterAll(() => server.end())
  runStoreCases(() => server.newStore())
  postgresOnlyCases(() => server)
})
