import { afterAll, beforeAll, describe } from 'vitest'
import { runStoreCases } from './testing/run-store-cases.ts'
import { pgliteStores } from './testing/stores.ts'
import type { StoreFactory } from './testing/stores.ts'

describe('on PGlite', () => {
  let factory: StoreFactory
  beforeAll(async () => {
    factory = await pgliteStores()
  })
  afterAll(() => factory.end())
  runStoreCases(() => factory.newStore())
})
