import { useEffect, useRef, useState } from 'react'
import { browserTimer } from '../../app/timer.ts'
import { createTryClient, type TryClient, type TryQuestion, type TryState, type TryWorker } from './try-client.ts'

/** 150 ms without a key: the answer follows the typing, and a word is not compiled letter by letter. */
const restMs = 150

function createWorker(): TryWorker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
}

/** What the rule says to the input and to its examples, as it stands in the form. The engine is loaded when this is first used. */
export function useTry(question: TryQuestion | null): TryState {
  const [state, setState] = useState<TryState>({ kind: 'waiting' })
  const client = useRef<TryClient | null>(null)
  useEffect(() => {
    const made = createTryClient({ createWorker, onState: setState, startTimer: browserTimer })
    client.current = made
    return () => {
      made.stop()
      client.current = null
    }
  }, [])

  const key = question === null ? null : JSON.stringify(question)
  useEffect(() => {
    if (key === null) return undefined
    return browserTimer(() => client.current?.ask(JSON.parse(key) as TryQuestion), restMs)
  }, [key])
  return question === null ? { kind: 'waiting' } : state
}
