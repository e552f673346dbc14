import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './scripts/test/longest-first.ts'

// Programs and threads that tests start by the hundred read their TypeScript once a run, and not once each.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('./.jidoka/compile-cache', import.meta.url))

export default defineConfig({
  test: {
    include: ['{shared,sync,edge,cloud,scripts}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/target/**'],
    setupFiles: ['./scripts/test/seed.ts'],
    testTimeout: process.env['JIDOKA_TEST_LONG'] === '1' ? 1_800_000 : 20_000,
    hookTimeout: 60_000,
    // Two cores are the smallest machine that we promise; files that start programs wait for them half of their time.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
})
