import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{shared,sync,edge,cloud,scripts}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/target/**'],
    setupFiles: ['./scripts/test/seed.ts'],
    testTimeout: process.env['JIDOKA_TEST_LONG'] === '1' ? 1_800_000 : 20_000,
    hookTimeout: 60_000,
    // Two cores are the smallest machine that we promise; more workers than that only take memory from the servers under test.
    maxWorkers: 2,
  },
})
