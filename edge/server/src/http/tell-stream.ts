import type { LiveBoard } from '../board/board.ts'
import { streamValue } from '../board/board.ts'
import type { Committed } from '../ports.ts'
import type { StreamHub } from './stream-hub.ts'

/** How often the state of the line to the cloud is looked at for the stream: once a second, and only a change is sent. */
const lineTickMs = 1_000

/** What one commit changed, for those who watch. */
export function tellStream(
  hub: StreamHub,
  board: LiveBoard,
  { values, verdicts, alarms, reported, newTags }: Committed,
): void {
  if (hub.clientsCount === 0) return
  hub.values(values.map(streamValue))
  for (const standing of verdicts) hub.verdict(board.verdictView(standing))
  for (const alarm of alarms) hub.alarm(board.alarmView(alarm))
  const kinds = new Set(reported.map((item) => item.kind))
  if (kinds.has('rule')) hub.reset('rules')
  const changesFaces = (['tag_catalogue', 'site', 'thresholds'] as const).some((kind) => kinds.has(kind))
  if (changesFaces || newTags.length > 0) hub.reset('catalogue')
}

/** Sends the state of the line to the cloud when it has changed. Returns the function that ends it. */
export function tellLine(hub: StreamHub, lineToCloud: () => Parameters<StreamHub['lineToCloud']>[0]): () => void {
  let told = ''
  const timer = setInterval(() => {
    if (hub.clientsCount === 0) return
    const state = lineToCloud()
    const text = JSON.stringify(state)
    if (text === told) return
    told = text
    hub.lineToCloud(state)
  }, lineTickMs)
  return () => clearInterval(timer)
}
