import type { TryAnswer, TryOutcome, TryRequest } from './protocol.ts'

export type TryQuestion = Omit<TryRequest, 'number'>

export type TryState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'outcome'; readonly outcome: TryOutcome }
  | { readonly kind: 'failed'; readonly because: 'too_slow' | 'broken'; readonly message: string }

/** What of a Worker is used. */
export interface TryWorker {
  postMessage(request: TryRequest): void
  terminate(): void
  addEventListener(type: 'message', listener: (event: { readonly data: TryAnswer }) => void): void
  addEventListener(type: 'error', listener: (event: { readonly message?: string }) => void): void
}

export interface TryClientParts {
  readonly createWorker: () => TryWorker
  readonly onState: (state: TryState) => void
  readonly startTimer: (expired: () => void, ms: number) => () => void
}

/**
 * 8 s for a question with its examples. The engine stops each row itself after some milliseconds, so a healthy worker needs
 * less than one second even where every example runs away; the first question also loads the module over a slow line.
 */
const answerMsMax = 8_000

export interface TryClient {
  /** Asks; the answer to an earlier question that is still under way is dropped, and only the newest one waits behind it. */
  readonly ask: (question: TryQuestion) => void
  readonly stop: () => void
}

export function createTryClient({ createWorker, onState, startTimer }: TryClientParts): TryClient {
  let worker: TryWorker | null = null
  let number = 0
  let busy = false
  let next: TryQuestion | null = null
  let stopTimer: () => void = () => undefined

  const rest = () => {
    stopTimer()
    busy = false
  }

  const fail = (because: 'too_slow' | 'broken', message: string) => {
    rest()
    worker?.terminate()
    worker = null
    onState({ kind: 'failed', because, message })
    serveNext()
  }

  const serveNext = () => {
    if (next === null) return
    const question = next
    next = null
    send(question)
  }

  const send = (question: TryQuestion) => {
    worker ??= start()
    number += 1
    busy = true
    stopTimer = startTimer(() => fail('too_slow', ''), answerMsMax)
    worker.postMessage({ ...question, number })
  }

  const start = (): TryWorker => {
    const started = createWorker()
    started.addEventListener('message', ({ data }) => {
      if (data.number !== number || !busy) return
      rest()
      // Somebody typed on meanwhile: this answer is about a script that is gone.
      if (next !== null) return serveNext()
      onState(
        data.kind === 'outcome'
          ? { kind: 'outcome', outcome: data.outcome }
          : { kind: 'failed', because: 'broken', message: data.message },
      )
    })
    started.addEventListener('error', (event) => fail('broken', event.message ?? ''))
    return started
  }

  return {
    ask: (question) => {
      if (busy) next = question
      else send(question)
    },
    stop: () => {
      next = null
      rest()
      worker?.terminate()
      worker = null
    },
  }
}
