import { afterAll, beforeAll, describe } from 'vitest'
import { placesOfPlain, twoPlaces } from '../../testing/places.ts'
import { postgresIsMissing, postgresServer } from '../../testing/stores.ts'
import type { PostgresServer } from '../../testing/stores.ts'
import { knownRowsCases } from './known-rows.cases.ts'
import { tenantMoveCases } from './moves.cases.ts'
import { verificationCases } from './verification.cases.ts'

const missing = postgresIsMissing()
const name = 'between two PostgreSQL servers, as an owner who passes no row-level security'

describe.skipIf(missing !== null)(`${name}${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let servers: [PostgresServer, PostgresServer]
  beforeAll(async () => {
    servers = [await postgresServer(), await postgresServer()]
  }, 60_000)
  afterAll(async () => {
    for (const server of servers) await server.end()
  })
  tenantMoveCases(() => placesOfPlain(servers))
  verificationCases(() => twoPlaces(() => servers[0].newStore()))
  knownRowsCases(() => twoPlaces(() => servers[0].newStore()))
})
