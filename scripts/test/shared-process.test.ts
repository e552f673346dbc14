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
  "import { spawn } from 'node:child_process'",
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

test('what is only computed shares a process, what is of a server does not, and all are there', () => {
  const names = filesTogether(root)
  expect(names.length).toBeGreaterThan(70)
  expect(names.filter((name) => /^(?:edge|cloud)\/server\//.test(name))).toEqual([])
  expect(names.filter((name) => !existsSync(join(root, name)))).toEqual([])
})
