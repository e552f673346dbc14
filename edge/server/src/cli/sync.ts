import { parseArgs } from 'node:util'
import { edgePaths, syncAuditSchema, syncStatusSchema } from '@jidoka/contract'
import type { SyncAudit, SyncStatus } from '@jidoka/contract'
import { systemClock } from '@jidoka/base'
import { readCliAccess } from './access.ts'
import { ApplianceClient } from './appliance-client.ts'
import { dataFolderOf, UsageError } from './command.ts'
import type { Command, CommandContext, ExitCode } from './command.ts'
import { DrainWatch } from './drain-watch.ts'

/** How often a drain or a comparison is looked at. */
const lookEveryMs = 1_000

export const syncStatusCommand: Command = {
  name: 'sync status',
  summary: 'what waits for the cloud, since when, and what keeps it',
  help: `jidoka sync status [--json] [--data FOLDER]

  --data FOLDER   data folder of the running appliance (default: JIDOKA_DATA or data/edge)

Exit code 3 when a lane cannot go on by itself, or the cloud holds another history than this appliance.`,
  async run(args, context) {
    const { values } = parseArgs({ args: [...args], options: { data: { type: 'string' }, json: { type: 'boolean' } } })
    const status = await clientOf(values.data, context).get(edgePaths.syncStatus, syncStatusSchema)
    context.out(values.json === true ? JSON.stringify(status) : describeStatus(status))
    return exitCodeOf(status)
  },
}

export const syncWatchCommand: Command = {
  name: 'sync watch',
  summary: 'follow how what waits goes up, until all of it is receipted',
  help: `jidoka sync watch [--data FOLDER]

  --data FOLDER   data folder of the running appliance (default: JIDOKA_DATA or data/edge)

A line a second: rows waiting in each lane, rows a second, and about how long it takes. Ends when what waited at its start is receipted (what comes
meanwhile is not waited for), or with Ctrl+C. Exit code 3 when a lane cannot go on by itself.`,
  async run(args, context) {
    const { values } = parseArgs({ args: [...args], options: { data: { type: 'string' } } })
    const client = clientOf(values.data, context)
    const watch = new DrainWatch()
    for (;;) {
      const status = await client.get(edgePaths.syncStatus, syncStatusSchema)
      context.out(describeDrain(status))
      const end = watch.look(status)
      if (end !== null) {
        context.out(end.sentence)
        return end.code
      }
      await pause(context.signal)
      if (context.signal.aborted) return 130
    }
  },
}

export const syncAuditCommand: Command = {
  name: 'sync audit',
  summary: 'compare this appliance with its cloud, range by range',
  help: `jidoka sync audit [--lane records|readings] [--repair] [--json] [--data FOLDER]

  --repair        send readings again that the cloud has lost and that are held here
  --data FOLDER   data folder of the running appliance (default: JIDOKA_DATA or data/edge)

Exit code 1 when a difference is left, or the two could not be compared.`,
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        lane: { type: 'string' },
        repair: { type: 'boolean', default: false },
        json: { type: 'boolean' },
        data: { type: 'string' },
      },
    })
    const { lane, repair } = values
    if (lane !== undefined && lane !== 'records' && lane !== 'readings')
      throw new UsageError(`--lane is records or readings, not "${lane}".`)
    const client = clientOf(values.data, context)
    let audit = await client.post(
      edgePaths.syncAudit,
      { repair, ...(lane === undefined ? {} : { lane }) },
      syncAuditSchema,
    )
    while (audit.state === 'running') {
      await pause(context.signal)
      if (context.signal.aborted) return 130
      audit = await client.get(edgePaths.syncAudit, syncAuditSchema)
    }
    context.out(values.json === true ? JSON.stringify(audit) : describeAudit(audit))
    return audit.report?.is_whole === true ? 0 : 1
  },
}

const clientOf = (data: string | undefined, context: CommandContext): ApplianceClient =>
  new ApplianceClient(readCliAccess(dataFolderOf(data, context)))

const exitCodeOf = ({ lanes, troubles }: SyncStatus): ExitCode =>
  troubles.length > 0 || lanes.some(({ problem }) => problem !== null) ? 3 : 0

export function describeStatus(status: SyncStatus): string {
  const { last_receipt: receipt, last_audit: audit } = status
  return [
    `cloud      ${status.state} since ${status.since}${status.problem === null ? '' : `: ${status.problem}`}`,
    `epoch      ${status.epoch}`,
    ...status.lanes.flatMap((lane) => [
      `${lane.lane.padEnd(8)}   stored ${lane.stored_seq}, receipted ${lane.receipted_seq}, ${waitingText(lane)}`,
      ...(lane.problem === null ? [] : [`           ${lane.problem}`]),
    ]),
    `receipt    ${receipt === null ? 'none yet' : `${receipt.lane} up to ${receipt.up_to_seq} at ${receipt.received_at}, key ${receipt.key_id}`}`,
    `compared   ${audit === null ? 'not yet' : `${audit.at}: ${audit.is_whole ? 'whole' : `${audit.differences} ranges differ`}`}`,
    ...status.troubles.map(({ since, sentence }) => `TROUBLE    since ${since}: ${sentence}`),
  ].join('\n')
}

export const describeDrain = ({ state, lanes }: SyncStatus): string =>
  `${state}  ${lanes.map((lane) => `${lane.lane}: ${waitingText(lane)}`).join('; ')}`

function waitingText(lane: SyncStatus['lanes'][number]): string {
  if (lane.waiting_rows === 0) return 'nothing waits'
  const parts = [`${lane.waiting_rows} rows wait`]
  if (lane.oldest_unsent_s !== null) parts.push(`the oldest for ${spanText(lane.oldest_unsent_s)}`)
  if (lane.rows_per_second !== null) parts.push(`${Math.round(lane.rows_per_second)} rows/s`)
  if (lane.seconds_left !== null) parts.push(`about ${spanText(lane.seconds_left)} left`)
  return parts.join(', ')
}

function spanText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${(seconds / 3_600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`
}

const whereText: Readonly<Record<NonNullable<SyncAudit['report']>['differences'][number]['where'], string>> = {
  cloud_rows: 'the cloud has lost rows that it had receipted, or holds others',
  kept_sums: 'the two ends counted other rows when they were sent',
  edge_rows: 'what is held here is not what was sent; the disk or somebody has changed it',
  cloud_range: 'the cloud knows nothing of it though it was receipted',
}
const repairText = {
  repaired: 'sent again and whole now',
  not_held: 'cannot be sent again: not all of it is held here any more',
  refused: 'was sent again and refused',
} as const

export function describeAudit({ problem, report }: SyncAudit): string {
  if (report === null) return problem ?? 'There was nothing to compare.'
  const { ranges, rows, unknown, differences } = report
  const left = differences.filter(({ repair }) => repair !== 'repaired').length
  return [
    ...differences.map(
      (each) =>
        `${each.lane} ${each.from_seq} to ${each.to_seq}: ${whereText[each.where]} (here ${each.edge_count} rows, there ${each.cloud_count})${
          each.repair === null ? '' : `; ${repairText[each.repair]}${each.detail === null ? '' : ` (${each.detail})`}`
        }`,
    ),
    `${ranges} ranges, ${rows} rows: ${left === 0 ? 'WHOLE' : `${left} ranges DIFFER`}${
      unknown === 0 ? '' : `; ${unknown} could only be held against the cloud itself, since their rows are gone here`
    }`,
  ].join('\n')
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = systemClock.after(lookEveryMs, resolve)
    signal.addEventListener(
      'abort',
      () => {
        cancel()
        resolve()
      },
      { once: true },
    )
  })
}
