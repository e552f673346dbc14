import type {
  Board,
  BoardAlarm,
  BoardTag,
  BoardVerdict,
  EdgeStreamEvent,
  LineToCloud,
  TagValue,
} from '@jidoka/contract'

/** What stands on the board. Parts that an event does not touch keep their identity, so that only what changed is drawn again. */
export interface BoardState {
  readonly edge: Board['edge']
  readonly site: Board['site']
  readonly lines: Board['lines']
  readonly tags: ReadonlyMap<string, BoardTag>
  readonly verdicts: ReadonlyMap<string, BoardVerdict>
  readonly alarms: ReadonlyMap<string, BoardAlarm>
  /** Alarms that ended while this page was open, newest first. */
  readonly ended: readonly BoardAlarm[]
  readonly lineToCloud: LineToCloud
}

/** As many points as the server's own sparkline has. */
export const recentCountMax = 60
/** 50: the last shift of a bad day; the page of judgments has the rest. */
export const endedCountMax = 50

export const verdictKey = (verdict: Pick<BoardVerdict, 'rule_id' | 'subject'>): string =>
  `${verdict.rule_id} ${verdict.subject}`

/** A whole board. `before` gives what an answer of the server cannot know: the alarms that ended meanwhile. */
export function fromBoard(board: Board, before: BoardState | null): BoardState {
  const open = new Map(board.alarms.map((alarm) => [alarm.id, alarm]))
  return {
    edge: board.edge,
    site: board.site,
    lines: board.lines,
    tags: new Map(board.tags.map((tag) => [tag.key, tag])),
    verdicts: new Map(board.verdicts.map((verdict) => [verdictKey(verdict), verdict])),
    alarms: open,
    ended: (before?.ended ?? []).filter((alarm) => !open.has(alarm.id)),
    lineToCloud: board.line_to_cloud,
  }
}

function withValues(tags: BoardState['tags'], values: readonly TagValue[]): BoardState['tags'] {
  const after = new Map(tags)
  let changed = false
  for (const value of values) {
    const tag = after.get(value.key)
    // A tag that is not on the board yet comes with the `reset` that announces it. What is older than what stands there came
    // before the board was fetched.
    if (tag === undefined || (tag.at !== null && value.at !== null && Date.parse(value.at) < Date.parse(tag.at)))
      continue
    const recent = typeof value.value === 'number' ? [...tag.recent, value.value].slice(-recentCountMax) : tag.recent
    after.set(value.key, { ...tag, value: value.value, quality: value.quality, at: value.at, recent })
    changed = true
  }
  return changed ? after : tags
}

function withAlarm(state: BoardState, alarm: BoardAlarm): BoardState {
  const alarms = new Map(state.alarms)
  if (alarm.state !== 'cleared') return { ...state, alarms: alarms.set(alarm.id, alarm) }
  alarms.delete(alarm.id)
  const ended = [alarm, ...state.ended.filter((other) => other.id !== alarm.id)].slice(0, endedCountMax)
  return { ...state, alarms, ended }
}

/** The board after an event. `reset` changes nothing: the board has to be fetched. */
export function applyEvent(state: BoardState, event: EdgeStreamEvent): BoardState {
  switch (event.event) {
    case 'values': {
      const tags = withValues(state.tags, event.data.values)
      return tags === state.tags ? state : { ...state, tags }
    }
    case 'verdict':
      return { ...state, verdicts: new Map(state.verdicts).set(verdictKey(event.data), event.data) }
    case 'alarm':
      return withAlarm(state, event.data)
    case 'line_to_cloud':
      return { ...state, lineToCloud: event.data }
    default:
      return state
  }
}
