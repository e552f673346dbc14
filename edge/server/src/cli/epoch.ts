import { parseArgs } from 'node:util'
import { edgePaths, epochBegunSchema, syncStatusSchema } from '@jidoka/contract'
import { readCliAccess } from './access.ts'
import { ApplianceClient } from './appliance-client.ts'
import { dataFolderOf } from './command.ts'
import type { Command } from './command.ts'

export const epochNewCommand: Command = {
  name: 'epoch new',
  summary: 'begin anew with the cloud, after this appliance was copied or restored from an image',
  help: `jidoka epoch new [--yes] [--data FOLDER]

  --yes           do it; without it only what would be done is said
  --data FOLDER   data folder of the running appliance (default: JIDOKA_DATA or data/edge)

The cloud takes this appliance for a new one with the same name: what it holds of the old epoch stays as it is, and every row that it never receipted of this
journal goes up under the new one. Stop the other copy of this appliance first, and settle the trouble in the console afterwards.`,
  async run(args, context) {
    const { values } = parseArgs({ args: [...args], options: { yes: { type: 'boolean' }, data: { type: 'string' } } })
    const client = new ApplianceClient(readCliAccess(dataFolderOf(values.data, context)))
    const status = await client.get(edgePaths.syncStatus, syncStatusSchema)
    if (values.yes !== true) {
      context.out(`The present epoch is ${status.epoch}.`)
      if (status.problem !== null) context.out(status.problem)
      for (const { lane, problem } of status.lanes) if (problem !== null) context.out(`${lane}: ${problem}`)
      for (const { sentence } of status.troubles) context.out(sentence)
      const waiting = status.lanes.map(({ lane, waiting_rows: rows }) => `${rows} ${lane}`).join(' and ')
      context.out(
        `A new epoch would send up under a new name what the cloud has not receipted (${waiting} wait). Nothing is deleted, here or in the cloud; it cannot be taken back.`,
      )
      context.out('Nothing has changed. Say --yes to begin a new epoch.')
      return 0
    }
    const begun = await client.post(edgePaths.syncEpoch, { present: status.epoch.slice(0, 8) }, epochBegunSchema)
    context.out(
      `The epoch ${begun.epoch} has begun, in the place of ${begun.former}: records go up from ${begun.start_records}, readings from ${begun.start_readings}.`,
    )
    return 0
  },
}
