import { expect, test } from 'vitest'
import { refusals, refusalSchema, refusalStatus } from './refusal.ts'

test('every refusal has an HTTP status of an error and a sentence that ends', () => {
  const kinds = refusalSchema.options.map((option) => option.shape.kind.value)
  expect(Object.keys(refusals).sort()).toEqual([...kinds].sort())
  for (const kind of kinds) {
    expect(refusals[kind].status).toBeGreaterThanOrEqual(400)
    expect(refusals[kind].sentence).toMatch(/\.$/)
  }
  expect(refusalStatus({ kind: 'busy', retry_after_ms: 10 })).toBe(503)
})
