import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { lockFolder, OperationalError } from '@jidoka/base'
import { signInFile } from './sign-in.ts'

/** What a start writes into its data folder; the lock is taken before anything is removed. */
const ours = new Set(['cloud', 'devices.json', 'edge', 'logs', 'set-up.json', signInFile, 'simulator'])
/** Gone with the lock; before that somebody else who starts may stand there. */
const locks = new Set(['lock', 'lock.turn'])

/**
 * Asks, and clears everything that the plant has kept. `--yes` answers for scripts. Returns false when the person declines.
 * @throws OperationalError for a folder that holds something else: a slip in `--data` must not cost a home directory.
 * @throws FolderInUseError while a plant runs on the folder.
 */
export async function reset(dataFolder: string, options: { yes: boolean }): Promise<boolean> {
  if (!existsSync(dataFolder)) {
    console.log(`There is nothing to clear: ${dataFolder} does not exist.`)
    return true
  }
  const found = readdirSync(dataFolder).filter((name) => !locks.has(name))
  const foreign = found.filter((name) => !ours.has(name))
  if (foreign.length > 0 || (found.length > 0 && !found.includes(signInFile))) {
    throw new OperationalError(
      `${dataFolder} is not cleared: it is no data folder of a plant${foreign.length > 0 ? ` (it holds "${foreign[0]}")` : ''}. Remove it by hand if you mean it.`,
    )
  }
  const release = lockFolder(dataFolder)
  try {
    if (!options.yes && !(await confirmed(dataFolder))) return false
    for (const name of found) rmSync(join(dataFolder, name), { recursive: true, force: true })
  } finally {
    release()
  }
  console.log(`Cleared ${dataFolder}.`)
  if (process.env['DATABASE_URL']) {
    console.log('The database of DATABASE_URL is not cleared: the cloud keeps its users, rules and edges.')
  }
  return true
}

async function confirmed(dataFolder: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    console.error('`--reset` asks before it clears, and nobody can answer here. Add `--yes` if you mean it.')
    return false
  }
  const dialog = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await dialog.question(`Clear all readings, judgments, users and keys in ${dataFolder}? Type "clear": `)
  dialog.close()
  if (answer.trim() === 'clear') return true
  console.log('Nothing was cleared.')
  return false
}
