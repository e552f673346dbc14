import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe } from 'vitest'
import { postgresOnlyCases } from './testing/postgres-only.cases.ts'
import { StatementRecorder, versionNow } from './testing/record-statements.ts'
import { runStoreCases } from './testing/run-store-cases.ts'
import { postgresesOfStoreSuite } from './testing/postgres-programs.ts'
import { postgresServer } from './testing/stores.ts'
import type { PostgresServer } from './testing/stores.ts'

/** A release keeps what it asks of its database, for the one after it: see docs/guides/database.md. */
const recorder = process.env['JIDOKA_RECORD_STATEMENTS'] === '1' ? new StatementRecorder() : null

for (const programs of postgresesOfStoreSuite(process.env)) {
  const { version: number, missing } = programs
  describe.skipIf(missing !== null)(
    `on PostgreSQL ${number}${missing === null ? '' : ` (skipped: ${missing})`}`,
    () => {
      let server: PostgresServer
      beforeAll(async () => {
        server = await postgresServer(undefined, programs)
        recorder?.start()
      })
      afterAll(async () => {
        await server.end()
        const version = versionNow()
        const file = new URL(`./platform/db/releases/${version}.json`, import.meta.url)
        await recorder?.write(fileURLToPath(file), version)
        // Each of some hundred statements is parsed.
      }, 180_000)
      runStoreCases(() => server.newStore(), true)
      postgresOnlyCases(() => server)
    },
  )
}
