import { existsSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { lockFolder } from '@jidoka/base'

/**
 * Asks, and clears everything that the plant has kept. `--yes` answers for scripts. Returns false when the person declines.
 * @throws FolderInUseError while a plant runs on the folder.
 */
export async function reset(dataFolder: string, options: { yes: boolean }): Promise<boolean> {
  if (!existsSync(dataFolder)) {
    console.log(`There is nothing to clear: ${dataFolder} does not exist.`)
    return true
  }
  const release = lockFolder(dataFolder)
  try {
    if (!(await confirmed(dataFolder, options))) return false
    rmSync(dataFolder, { recursive: true })
  } finally {
    release()
  }
  console.log(`Cleared ${dataFolder}.`)
  return true
}

async function confirmed(dataFolder: string, options: { yes: boolean }): Promise<boolean> {
  if (!options.yes) {
    if (!process.stdin.isTTY) {
      console.error('`--reset` asks before it clears, and nobody can answer here. Add `--yes` if you mean it.')
      return false
    }
    const dialog = createInterface({ input: process.stdin, output: process.stdout })
    const answer = await dialog.question(
      `Clear all readings, judgments, users and keys in ${dataFolder}? Type "clear": `,
    )
    dialog.close()
    if (answer.trim() !== 'clear') {
      console.log('Nothing was cleared.')
      return false
    }
  }
  return true
}
