import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { longest } from './longest-first.ts'

test('every file that is to be begun early is there, under the name that it has here', () => {
  const root = new URL('../../', import.meta.url)
  expect(longest.filter((name) => !existsSync(fileURLToPath(new URL(name, root))))).toEqual([])
  expect(new Set(longest).size).toBe(longest.length)
})
