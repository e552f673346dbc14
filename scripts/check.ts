/** `npm run check`: format, lint, types, tests, in this order; `-- --fast` leaves the tests out. `npm run format` writes the format. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const tool = (name: string) => join(root, 'node_modules', '.bin', name)
const { values: options } = parseArgs({ options: { format: { type: 'boolean' }, fast: { type: 'boolean' } } })

const steps: readonly (readonly [name: string, command: string, ...argv: string[]])[] = options.format
  ? [['format', tool('oxfmt')]]
  : [
      ['format', tool('oxfmt'), '--check'],
      ['lint', tool('oxlint'), '--deny-warnings'],
      // Each checker reads the library's and all imported types for itself: four of them, as is usual, take twice the processor's time.
      ['types', tool('tsc'), '-b', '--checkers', '1'],
      ...(options.fast ? [] : [['tests', process.execPath, 'scripts/test/main.ts'] as const]),
    ]

for (const [name, command, ...argv] of steps) {
  const startedMs = performance.now()
  const { status } = spawnSync(command, argv, { cwd: root, stdio: 'inherit' })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  if (status !== 0) {
    console.error(`check: ${name} failed after ${seconds} s${name === 'format' ? '; `npm run format` mends it' : ''}`)
    process.exit(1)
  }
  console.log(`check: ${name} ok (${seconds} s)`)
}
