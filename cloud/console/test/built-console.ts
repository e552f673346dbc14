import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export interface BuiltConsole {
  readonly folder: string
  readonly remove: () => Promise<void>
}

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * The console as it ships, built from the sources as they are now: by `npm test` before its first file, or else here in a folder of its
 * own, since test files run side by side. In a process of its own too: the test runner's NODE_ENV would bring the slow half of React along.
 */
export async function buildConsole(): Promise<BuiltConsole> {
  if (process.env['JIDOKA_PAGES_BUILT'] === '1') return { folder: join(root, 'dist'), remove: () => Promise.resolve() }
  const folder = await mkdtemp(join(tmpdir(), 'jidoka-console-dist-'))
  await promisify(execFile)(
    process.execPath,
    [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--outDir', folder, '--emptyOutDir', 'false'],
    { cwd: root, env: { ...process.env, NODE_ENV: 'production' } },
  )
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
