import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './scripts/test/longest-first.ts'
import { filesTogether } from './scripts/test/shared-process.ts'

// Programs and threads that tests start by the hundred read their TypeScript once a run, and not once each.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('./.jidoka/compile-cache', import.meta.url))

const sources = ['{shared,sync,edge,cloud,scripts}/**/*.test.ts']
const notSources = ['**/node_modules/**', '**/dist/**', '**/target/**']
const together = filesTogether(fileURLToPath(new URL('.', import.meta.url)))

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'alone', include: sources, exclude: [...notSources, ...together] } },
      { extends: true, test: { name: 'together', isolate: false, include: together, exclude: notSources } },
    ],
    setupFiles: ['./scripts/test/seed.ts', './scripts/test/patience.ts'],
    // As in patience.ts.
    expect: { poll: { timeout: 30_000 } },
    // Ends what hangs, and measures nothing: what takes four seconds alone has taken sixteen on a machine with as many programs again.
    testTimeout: process.env['JIDOKA_TEST_LONG'] === '1' ? 1_800_000 : 60_000,
    hookTimeout: 60_000,
    // Two cores are the smallest machine that we promise; files that start programs wait for them half of their time.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
})
