/**
 * `npm test`: everything that this machine can run. What needs a server or a browser that is absent is skipped, and the
 * reason is printed and counted. `JIDOKA_NO_SKIP=1` (CI, where all is installed) makes a skip a failure.
 * `npm run test:long` draws new seeds and takes the long ways.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'

const root = fileURLToPath(new URL('../..', import.meta.url))
const long = process.argv.includes('--long')
const filters = process.argv.slice(2).filter((argument) => argument !== '--long')

process.env['JIDOKA_TEST_SEED'] ??= String(long ? randomInt(2 ** 31) : seedOfCommit())
if (long) {
  process.env['JIDOKA_TEST_LONG'] = '1'
  // Made once; where it cannot be (no root, no Debian) the suite on it is skipped, and says so.
  spawnSync(join(root, 'scripts/postgres/postgres-17.sh'), { stdio: ['ignore', 'ignore', 'inherit'] })
}
console.log(`seed ${process.env['JIDOKA_TEST_SEED']} (JIDOKA_TEST_SEED repeats this run)`)

const vitest = await startVitest('test', filters, {
  root,
  watch: false,
  reporters: ['default', './scripts/test/summary.ts'],
})
await vitest.close()

/** A red run of a commit repeats: the seed is the commit. Without git (a tarball) it is a constant. */
function seedOfCommit(): number {
  try {
    const hash = execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return Number.parseInt(hash.slice(0, 7), 16)
  } catch {
    return 20_261_121
  }
}
