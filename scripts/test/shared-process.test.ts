import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { filesTogether, runsAlone } from './shared-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test.each([
  "vi.mock('./limits.ts')",
  "vi.spyOn(Worker.prototype, 'postMessage')",
  "vi.stubGlobal('navigator', {})",
  'vi.setConfig({ testTimeout: 120_000 })',
  "process.env['JIDOKA_DATA'] = folder",
  "process.env['JIDOKA_DATA'] ??= folder",
  'process.chdir(folder)',
  'globalThis.fetch = answer',
  "Object.defineProperty(globalThis, 'fetch', {})",
  'expect(process.memoryUsage().rss)',
])('a file that says %s has a process of its own', (text) => {
  expect(runsAlone(`test('x', () => {\n  ${text}\n})`)).toBe(true)
})

test.each([
  "const seed = process.env['JIDOKA_TEST_SEED'] === '1'",
  'const answer = vi.fn()',
  'await vi.waitUntil(() => done)',
  "expect(process.env['JIDOKA_DATA']).toBe('x')",
])('a file that says %s shares one', (text) => {
  expect(runsAlone(text)).toBe(false)
})

test('most files share a process, none of those that start programs does, and all are there', () => {
  const names = filesTogether(root)
  expect(names.length).toBeGreaterThan(200)
  expect(names.filter((name) => /\.(?:pg|redis|process|e2e)\.test\.ts$|main\.test\.ts$/.test(name))).toEqual([])
  expect(names.filter((name) => !existsSync(join(root, name)))).toEqual([])
})
