import { readFileSync, rmSync, statSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { isErrno, OperationalError } from '@jidoka/base'
import { z } from 'zod'
import { writePrivateFile } from './private-file.ts'

/** How the command line on this machine reaches the running appliance: whoever may read the data folder may look at it. */
const accessSchema = z.strictObject({
  url: z.string(),
  token: z.string(),
  /** Device and inode of the data folder that the appliance runs on: a copy of the folder has the address of the original in it. */
  folder: z.string(),
})
export type CliAccess = z.infer<typeof accessSchema>

const fileOf = (dataFolder: string): string => join(dataFolder, 'cli.json')

export const newCliToken = (): string => randomBytes(32).toString('base64url')

/** Also where it was renamed or is reached by another path it is the same. */
function identityOf(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true })
  return `${dev}:${ino}`
}

/** Written at each start with a new token, mode 0600. */
export function writeCliAccess(dataFolder: string, access: Omit<CliAccess, 'folder'>): void {
  const whole: CliAccess = { ...access, folder: identityOf(dataFolder) }
  writePrivateFile(fileOf(dataFolder), JSON.stringify(whole))
}

export function removeCliAccess(dataFolder: string): void {
  rmSync(fileOf(dataFolder), { force: true })
}

/** @throws OperationalError when no appliance runs on the folder, or the one that it speaks of runs on another. */
export function readCliAccess(dataFolder: string): CliAccess {
  const access = readFile(dataFolder)
  if (access.folder === identityOf(dataFolder)) return access
  throw new OperationalError(
    `${dataFolder} is a copy: the appliance at ${access.url} runs on another data folder. Name that one with --data, or start an appliance on this one.`,
  )
}

function readFile(dataFolder: string): CliAccess {
  try {
    return accessSchema.parse(JSON.parse(readFileSync(fileOf(dataFolder), 'utf8')))
  } catch (cause) {
    if (isErrno(cause, 'EACCES'))
      throw new OperationalError(`You may not read ${dataFolder}. Run this as the user of the appliance.`, { cause })
    throw new OperationalError(
      `No appliance runs on the data folder ${dataFolder}. Start it, or name the right folder with --data.`,
      { cause },
    )
  }
}
