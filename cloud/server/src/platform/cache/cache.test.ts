import { describe } from 'vitest'
import { cacheCases } from './cache.cases.ts'

describe('without Redis', () => {
  cacheCases(() => Promise.resolve({ newStore: () => null, close: () => Promise.resolve() }))
})
