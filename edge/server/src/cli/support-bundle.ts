import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { edgePaths } from '@jidoka/contract'
import { readCliAccess } from './access.ts'
import { ApplianceClient } from './appliance-client.ts'
import { dataFolderOf } from './command.ts'
import type { Command } from './command.ts'
import { writePrivateFile } from './private-file.ts'

/** A minute: gathering takes a second, on a machine in trouble longer. */
const answerTimeoutMs = 60_000

export const supportBundleCommand: Command = {
  name: 'support-bundle',
  summary: 'one file with what somebody far away needs to help',
  help: `jidoka support-bundle [--to FILE] [--data FOLDER]

  --to FILE       where to write it (default: its own name, here)
  --data FOLDER   data folder of the running appliance (default: JIDOKA_DATA or data/edge)

A .tar.gz with versions, configuration, metrics, status, the last log lines and the newest problems. It holds no readings, no keys and no
passwords; look into it before you send it all the same. The newest three are kept in the folder "bundles" of the data folder.`,
  async run(args, context) {
    const { values } = parseArgs({ args: [...args], options: { to: { type: 'string' }, data: { type: 'string' } } })
    const client = new ApplianceClient(readCliAccess(dataFolderOf(values.data, context)))
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(answerTimeoutMs)])
    const response = await client.downloadMade(edgePaths.supportBundle, signal)
    const named = /filename="([^"/\\]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1]
    const file = values.to ?? basename(named ?? 'support.tar.gz')
    const bytes = new Uint8Array(await response.arrayBuffer())
    writePrivateFile(file, bytes)
    context.out(`${file}: ${(bytes.length / 1_000).toFixed(0)} kB`)
    return 0
  },
}
