import { readFileSync, rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { isErrno, OperationalError } from '@jidoka/base'
import { z } from 'zod'
import { writePrivateFile } from './private-file.ts'

/** How the command line on this machine reaches the running appliance: whoever may read the data folder may look at it. */
const accessSchema = z.strictObject({ url: z.string(), token: z.string() })
export type CliAccess = z.infer<typeof accessSchema>

const fileOf = (dataFolder: string): string => join(dataFolder, 'cli.json')

export const newCliToken = (): string => randomBytes(32).toString('base64url')

/** Written at each start with a new token, mode 0600. */
export function writeCliAccess(dataFolder: string, access: CliAccess): void {
  writePrivateFile(fileOf(dataFolder), JSON.stringify(access))
}

export function removeCliAccess(dataFolder: string): void {
  rmSync(fileOf(dataFolder), { force: true })
}

/** @throws OperationalError when no appliance runs on the folder. */
export function readCliAccess(dataFolder: string): CliAccess {
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
