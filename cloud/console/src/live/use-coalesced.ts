import { useEffect, useMemo, useRef } from 'react'
import { browserTimer } from '../app/timer.ts'
import { createCoalescer } from './coalesce.ts'

/** A function that may be called as often as there is news, and runs `run` at once and then at most every `restMs`. */
export function useCoalesced(run: () => void, restMs: number): () => void {
  const latest = useRef(run)
  useEffect(() => {
    latest.current = run
  })
  const ask = useRef<() => void>(() => undefined)
  useEffect(() => {
    const coalescer = createCoalescer({
      run: () => {
        latest.current()
        return Promise.resolve()
      },
      restMs,
      startTimer: browserTimer,
    })
    ask.current = coalescer.ask
    return coalescer.stop
  }, [restMs])
  return useMemo(() => () => ask.current(), [])
}
