import { edgePaths, type Board, type EdgeStreamEvent } from '@jidoka/contract'
import {
  followEventStream,
  isAbort,
  type Api,
  type EventStreamParts,
  type ServerEvent,
  type StreamState,
  type Ticker,
} from '@jidoka/ui'
import { applyEvent, fromBoard, type BoardState } from './board-state.ts'

export interface LiveState {
  /** Null until the first answer. */
  readonly board: BoardState | null
  /** Why the board could not be fetched the last time. */
  readonly error: unknown
  readonly stream: StreamState
  /** Since when the stream is not live, by the server's clock; null while it is. */
  readonly lostSinceMs: number | null
}

export interface LiveBoard {
  readonly state: () => LiveState
  readonly subscribe: (listener: () => void) => () => void
  /** Takes an event in as if the stream had brought it: the answer to an acknowledgement is on the board at once. */
  readonly apply: (event: EdgeStreamEvent) => void
  readonly refetch: () => void
  /** Follows the appliance until the returned function is called. */
  readonly start: () => () => void
}

/**
 * 20 s: the facts of the MES (lot, counts) are on no stream, and a board that is never fetched again would carry a missed event for
 * ever. Shorter only costs the appliance; longer shows an old count.
 */
export const refetchEveryMs = 20_000
/** Events that arrive while a fetch is under way are applied again onto its answer; above that many, the next fetch heals. */
const pendingCountMax = 1_000

const eventNames: ReadonlySet<string> = new Set<EdgeStreamEvent['event']>([
  'values',
  'verdict',
  'alarm',
  'line_to_cloud',
  'reset',
])

/** Null for an event of a newer server. A broken one throws, which makes the stream begin anew. */
export function readEvent(event: ServerEvent): EdgeStreamEvent | null {
  if (!eventNames.has(event.event)) return null
  return { event: event.event, data: JSON.parse(event.data) as unknown } as EdgeStreamEvent
}

export function createLiveBoard(parts: {
  readonly api: Api
  readonly ticker: Ticker
  readonly onSignedOut: () => void
  readonly stream?: Partial<EventStreamParts>
}): LiveBoard {
  const { api, ticker } = parts
  const listeners = new Set<() => void>()
  let live: LiveState = { board: null, error: undefined, stream: 'connecting', lostSinceMs: null }
  let fetching: AbortController | null = null
  let pending: EdgeStreamEvent[] = []

  const set = (change: Partial<LiveState>) => {
    live = { ...live, ...change }
    for (const listener of listeners) listener()
  }

  const fetchBoard = async () => {
    fetching?.abort()
    const controller = new AbortController()
    fetching = controller
    pending = []
    try {
      const { data } = await api.get<Board>(edgePaths.board, { signal: controller.signal })
      if (fetching !== controller) return
      ticker.correct(Date.parse(data.now))
      set({ board: pending.reduce(applyEvent, fromBoard(data, live.board)), error: undefined })
    } catch (error) {
      if (fetching === controller && !isAbort(error)) set({ error })
    } finally {
      if (fetching === controller) {
        fetching = null
        pending = []
      }
    }
  }
  const refetch = () => void fetchBoard()

  const apply = (event: EdgeStreamEvent) => {
    if (event.event === 'reset') {
      refetch()
      return
    }
    if (fetching !== null && pending.length < pendingCountMax) pending.push(event)
    if (live.board !== null) set({ board: applyEvent(live.board, event) })
  }

  return {
    state: () => live,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    apply,
    refetch,
    start: () => {
      const controller = new AbortController()
      void followEventStream(
        {
          url: edgePaths.stream,
          onOpen: refetch,
          onEvent: (event) => {
            const read = readEvent(event)
            if (read !== null) apply(read)
          },
          onState: (stream, error) => {
            const lostSinceMs =
              stream === 'live' ? null : (live.lostSinceMs ?? (stream === 'lost' ? ticker.nowMs() : null))
            // Before the first answer there is no board that could be old: the failure is the page.
            set({ stream, lostSinceMs, ...(stream === 'lost' && live.board === null ? { error } : {}) })
          },
          onSignedOut: () => {
            parts.onSignedOut()
            return Promise.resolve(false)
          },
          ...parts.stream,
        },
        controller.signal,
      )
      const timer = setInterval(() => {
        if (live.stream === 'live' && fetching === null) refetch()
      }, refetchEveryMs)
      return () => {
        clearInterval(timer)
        controller.abort()
        fetching?.abort()
        fetching = null
      }
    },
  }
}
