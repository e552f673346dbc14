import { OperationalError } from '@jidoka/base'
import { moduleNames } from './module-names.ts'
import type { ModuleName } from './module-names.ts'
import { rotateModuleKey } from './module-keys.ts'
import type { ModuleKeyFolders } from './settings.ts'

/** An hour: each process reads its folders once a minute; where they are carried by hand or by a cluster, time to do it. */
const graceHoursDefault = 1
const graceHoursMax = 30 * 24

/** Works on the two folders alone; processes that run take the new key over by themselves. */
export async function runModuleKeyCommand(
  [module, hoursText = String(graceHoursDefault), ...rest]: readonly string[],
  { folders, nowMs, print }: { folders: ModuleKeyFolders; nowMs: number; print: (line: string) => void },
): Promise<void> {
  const hours = Number(hoursText)
  if (!isModule(module) || rest.length > 0 || hoursText.trim() === '' || !(hours >= 0 && hours <= graceHoursMax))
    throw new OperationalError(
      `Use: rotate-module-key MODULE [HOURS]. A module is one of ${moduleNames.join(', ')}; the grace is from 0 to ${graceHoursMax} hours, ${graceHoursDefault} when it is left out.`,
    )
  const { keyId, file, signsFrom } = await rotateModuleKey(module, folders, { nowMs, graceMs: hours * 3_600_000 })
  print(
    `The key ${keyId} signs for ${module} from ${signsFrom ?? 'its next start'} on. ${file} in ${folders.secret} is for the processes of ${module} alone, ${file} in ${folders.public} for those of all modules.`,
  )
}

const isModule = (text: string | undefined): text is ModuleName => moduleNames.some((name) => name === text)
