import { useCallback, useEffect, useRef, useState } from 'react'
import { isAbort } from './errors.ts'

export interface Resource<Data> {
  /** What was last loaded for this key; stays while it is loaded again, and when that fails. */
  readonly data: Data | undefined
  /** Why the last attempt failed; undefined after one that did not. With `data` beside it, that data is old. */
  readonly error: unknown
  /** An attempt is under way. */
  readonly loading: boolean
  /** When `data` came, by this device's clock. */
  readonly loadedAtMs: number | null
  /** Loads again: at once, or when the attempt that is under way has ended, since that may have looked too early. */
  readonly reload: () => void
}

interface Loaded<Data> {
  readonly key: string | null
  readonly data: Data | undefined
  readonly error: unknown
  readonly loading: boolean
  readonly loadedAtMs: number | null
}

const nothing = (key: string | null): Loaded<never> => ({
  key,
  data: undefined,
  error: undefined,
  loading: key !== null,
  loadedAtMs: null,
})

/**
 * Loads when `key` changes (null loads nothing), when `reload` is called, and every `refreshEveryMs` while the page is visible.
 * `key` must name everything that `load` depends on; an answer for an older key is dropped.
 */
export function useResource<Data>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<Data>,
  refreshEveryMs?: number,
): Resource<Data> {
  const [loaded, setLoaded] = useState<Loaded<Data>>(() => nothing(key))
  const [round, setRound] = useState(0)
  // An attempt that each reload aborted would never end where news comes faster than answers.
  const attempts = useRef({ underWay: false, wanted: false })
  const latestLoad = useRef(load)
  useEffect(() => {
    latestLoad.current = load
  })

  useEffect(() => {
    const state = attempts.current
    state.underWay = key !== null
    state.wanted = false
    if (key === null) return undefined
    const controller = new AbortController()
    const attempt = async () => {
      setLoaded((before) => (before.key === key ? { ...before, loading: true } : nothing(key)))
      try {
        const data = await latestLoad.current(controller.signal)
        if (controller.signal.aborted) return
        setLoaded({ key, data, error: undefined, loading: false, loadedAtMs: Date.now() })
      } catch (error) {
        if (controller.signal.aborted || isAbort(error)) return
        setLoaded((before) => ({ ...(before.key === key ? before : nothing(key)), error, loading: false }))
      }
    }
    void attempt().finally(() => {
      if (controller.signal.aborted) return
      state.underWay = false
      if (state.wanted) setRound((before) => before + 1)
    })
    return () => controller.abort()
    // A new round is a new attempt, though nothing in it reads the number.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [key, round])

  const reload = useCallback(() => {
    if (attempts.current.underWay) {
      attempts.current.wanted = true
      return
    }
    attempts.current.underWay = true
    setRound((before) => before + 1)
  }, [])

  useEffect(() => {
    if (key === null || refreshEveryMs === undefined) return undefined
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible' && !attempts.current.underWay) reload()
    }, refreshEveryMs)
    return () => clearInterval(timer)
  }, [key, refreshEveryMs, reload])

  // Between the render with a new key and its effect, the old key's data must not be shown as the new one's.
  return { ...(loaded.key === key ? loaded : nothing(key)), reload }
}
