import { parseArgs } from 'node:util'
import { edgePaths, edgeStreamEvents } from '@jidoka/contract'
import { readCliAccess } from './access.ts'
import { ApplianceClient } from './appliance-client.ts'
import { dataFolderOf } from './command.ts'
import type { Command } from './command.ts'

export const tailCommand: Command = {
  name: 'tail',
  summary: 'verdicts, alarms and values as they happen',
  help: `jidoka tail [--data FOLDER] [--values] [--json]

  --data FOLDER   data folder of the appliance (default: JIDOKA_DATA or data/edge)
  --values        readings too, at most seven a second a tag
  --json          each event as a line of JSON

Runs until it is interrupted.`,
  async run(args, context) {
    const { values: options } = parseArgs({
      args: [...args],
      options: { data: { type: 'string' }, values: { type: 'boolean' }, json: { type: 'boolean' } },
    })
    const client = new ApplianceClient(readCliAccess(dataFolderOf(options.data, context)))
    try {
      for await (const { event, data } of client.events(edgePaths.stream, context.signal)) {
        if (event === 'values' && options.values !== true) continue
        if (options.json === true) context.out(JSON.stringify({ event, data: JSON.parse(data) as unknown }))
        else for (const line of describe(event, data)) context.out(line)
      }
    } catch (error) {
      if (context.signal.aborted) return 0
      throw error
    }
    context.err('The appliance has ended the stream.')
    return 1
  },
}

function describe(event: string, data: string): string[] {
  const json: unknown = JSON.parse(data)
  switch (event) {
    case 'values':
      return edgeStreamEvents.values
        .parse(json)
        .values.map(
          (value) =>
            `${value.at ?? '-'} value    ${value.key} ${String(value.value)}${value.quality === 'good' ? '' : ` (${value.quality})`}`,
        )
    case 'verdict': {
      const verdict = edgeStreamEvents.verdict.parse(json)
      return [
        `${verdict.since} verdict  ${verdict.subject} ${verdict.status} by ${verdict.rule_id}${verdict.explanation === null ? '' : `: ${verdict.explanation}`}`,
      ]
    }
    case 'alarm': {
      const alarm = edgeStreamEvents.alarm.parse(json)
      return [`${alarm.raised_at} alarm    ${alarm.priority} ${alarm.state} ${alarm.subject} ${alarm.status}`]
    }
    case 'line_to_cloud': {
      const line = edgeStreamEvents.line_to_cloud.parse(json)
      return [
        `${line.since} cloud    ${line.state}, waiting ${line.lanes.map((lane) => `${lane.lane} ${lane.waiting_rows}`).join(', ')}`,
      ]
    }
    default:
      return []
  }
}
