import { cloudPaths, type CloudStreamEvent } from '@jidoka/contract'
import { followEventStream, type StreamState } from '@jidoka/ui'
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import type { Session } from '../session/session.ts'
import { parseCloudEvent } from './cloud-events.ts'

export interface LiveListener {
  readonly onEvent?: (event: CloudStreamEvent) => void
  /** The stream is open again, or events were lost: fetch the whole, the stream carries changes only. */
  readonly onGap?: () => void
}

interface Live {
  readonly state: StreamState
  /** Since when it is in this state, by this device's clock. */
  readonly sinceMs: number
  readonly listen: (listener: LiveListener) => () => void
}

const LiveContext = createContext<Live | null>(null)

/** The one stream of a page; pages listen to it and never open their own, since browsers allow six connections to a server. */
export function LiveProvider({ session, children }: { session: Session; children: ReactNode }) {
  const [{ state, sinceMs }, setState] = useState<{ state: StreamState; sinceMs: number }>(() => ({
    state: 'connecting',
    sinceMs: Date.now(),
  }))
  const [listeners] = useState(() => new Set<LiveListener>())

  useEffect(() => {
    const controller = new AbortController()
    const gap = () => {
      for (const listener of listeners) listener.onGap?.()
    }
    let opened = false
    void followEventStream(
      {
        url: cloudPaths.stream,
        headers: () => {
          const authorization = session.authorization()
          return authorization === null ? {} : { authorization }
        },
        onOpen: () => {
          // At the first opening the pages are loading anyway.
          if (opened) gap()
          opened = true
        },
        onEvent: (event) => {
          const parsed = parseCloudEvent(event)
          if (parsed === null) return
          if (parsed.event === 'reset') gap()
          else for (const listener of listeners) listener.onEvent?.(parsed)
        },
        // A new attempt at a lost stream is no news for the reader: it stays lost until it is live.
        onState: (next) =>
          setState((before) => {
            const shown = next === 'connecting' && before.state === 'lost' ? 'lost' : next
            return shown === before.state ? before : { state: shown, sinceMs: Date.now() }
          }),
        onSignedOut: session.refresh,
      },
      controller.signal,
    )
    return () => controller.abort()
  }, [session, listeners])

  const live = useMemo<Live>(
    () => ({
      state,
      sinceMs,
      listen: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    }),
    [state, sinceMs, listeners],
  )
  return <LiveContext value={live}>{children}</LiveContext>
}

function useLive(): Live {
  const live = useContext(LiveContext)
  if (live === null)
    throw new Error('live data was asked for outside of <LiveProvider>: put the provider above the pages')
  return live
}

export function useLiveState(): { state: StreamState; sinceMs: number } {
  const { state, sinceMs } = useLive()
  return { state, sinceMs }
}

/** Listens as long as the component is there. The functions may change from render to render. */
export function useLiveEvents(listener: LiveListener): void {
  const { listen } = useLive()
  const latest = useRef(listener)
  useEffect(() => {
    latest.current = listener
  })
  useEffect(
    () =>
      listen({
        onEvent: (event) => latest.current.onEvent?.(event),
        onGap: () => latest.current.onGap?.(),
      }),
    [listen],
  )
}
