import { parseArgs } from 'node:util'
import { boardSchema, edgePaths } from '@jidoka/contract'
import type { Board } from '@jidoka/contract'
import { readCliAccess } from './access.ts'
import { ApplianceClient } from './appliance-client.ts'
import { dataFolderOf } from './command.ts'
import type { Command } from './command.ts'

export const statusCommand: Command = {
  name: 'status',
  summary: 'how the appliance, its lines and its line to the cloud are',
  help: `jidoka status [--data FOLDER] [--json]

  --data FOLDER   data folder of the appliance (default: JIDOKA_DATA or data/edge)
  --json          the whole board as JSON

Exit code 3 when the store cannot write.`,
  async run(args, context) {
    const { values } = parseArgs({ args: [...args], options: { data: { type: 'string' }, json: { type: 'boolean' } } })
    const client = new ApplianceClient(readCliAccess(dataFolderOf(values.data, context)))
    const board = await client.get(edgePaths.board, boardSchema)
    context.out(values.json === true ? JSON.stringify(board) : describe(board, client.url))
    return board.line_to_cloud.disk.problem === null ? 0 : 3
  },
}

function describe(board: Board, url: string): string {
  const { edge, site, line_to_cloud: line } = board
  const abnormal = board.verdicts.filter((verdict) => !verdict.normal)
  const rows = [
    `appliance  ${edge.name} (${edge.version}), tenant ${edge.tenant_id}, ${site.name.en}`,
    `address    ${url}`,
    `lines      ${board.lines.length}, tags ${board.tags.length}, verdicts ${board.verdicts.length} (${abnormal.length} abnormal), open alarms ${board.alarms.length}`,
    `cloud      ${line.state} since ${line.since}${line.problem === null ? '' : `: ${line.problem}`}`,
    ...line.lanes.map(
      (lane) =>
        `  ${lane.lane.padEnd(8)} stored ${lane.stored_seq}, receipted ${lane.receipted_seq}, waiting ${lane.waiting_rows}`,
    ),
    `disk       ${megabytes(line.disk.used_bytes)} used, ${megabytes(line.disk.free_bytes)} free${horizonText(line.disk.horizon_days)}`,
    ...(line.disk.problem === null ? [] : [`PROBLEM    ${line.disk.problem}`]),
    ...board.alarms.map(
      (alarm) =>
        `alarm      ${alarm.priority.padEnd(8)} ${alarm.state.padEnd(14)} ${alarm.subject} ${alarm.status}${alarm.explanation === null ? '' : `: ${alarm.explanation}`}`,
    ),
  ]
  return rows.join('\n')
}

/** A longer forecast than this is one of nothing ever having to go. */
const daysShownMax = 3_650

/** How long the disk lasts, as it stands behind what is free. */
export function horizonText(days: number | null): string {
  if (days === null) return ', how long it lasts is not known yet'
  if (days > daysShownMax) return ', lasts more than ten years'
  return days < 1 ? ', lasts less than a day' : `, lasts ${Math.floor(days)} days`
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
