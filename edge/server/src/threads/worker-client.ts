import { Worker } from 'node:worker_threads'
import { OperationalError } from '@jidoka/base'
import type { Log } from '@jidoka/base'

/** 8 MB of young objects a thread: more lets garbage pile up to some 40 MB of resident memory before it is looked at. */
const resourceLimits = { maxYoungGenerationSizeMb: 8 }

/** The functions of a worker by name: one argument in, a promise of one answer out. Both must be cloneable. */
export type WorkerFunctions = Readonly<Record<string, (argument: never) => unknown>>

export interface CallMessage {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}
/** `expected` errors keep their message; others are bugs and end the worker. */
export type AnswerMessage =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }

export interface WorkerClientOptions {
  readonly name: string
  readonly url: URL
  readonly data: unknown
  readonly log: Log
  /** Calls that may wait at once; one more is refused at once instead of piling up. */
  readonly waitingMax: number
  /** The thread ends after so long without a call, and its memory comes back; the next call starts a new one. Absent: it stays. */
  readonly idleMsMax?: number
}

/**
 * Work that would hold up the main thread, in a thread of its own. The thread starts at the first call. When it breaks
 * down its calls fail, the log says so, and the next call starts a new one: it holds nothing that could be lost.
 */
export class WorkerClient<Functions extends WorkerFunctions> {
  readonly #options: WorkerClientOptions
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  #worker: Worker | null = null
  #lastId = 0
  #idleTimer: NodeJS.Timeout | null = null
  #isStopped = false

  constructor(options: WorkerClientOptions) {
    this.#options = options
  }

  call<Name extends keyof Functions & string>(
    name: Name,
    argument: Parameters<Functions[Name]>[0],
  ): Promise<Awaited<ReturnType<Functions[Name]>>> {
    if (this.#isStopped) return Promise.reject(stopError())
    if (this.#waiting.size >= this.#options.waitingMax) {
      return Promise.reject(
        new OperationalError(`Too many questions wait for the ${this.#options.name} thread. Try again in a moment.`),
      )
    }
    const id = ++this.#lastId
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#running().postMessage({ id, name, argument } satisfies CallMessage)
    })
  }

  /** Ends the thread and fails what waits; questions that come later, as from a batch under way, fail at once. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#end()
    this.#rejectAll(stopError())
  }

  async #end(): Promise<void> {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    const worker = this.#worker
    this.#worker = null
    worker?.removeAllListeners('exit')
    await worker?.terminate()
  }

  #restSoon(): void {
    const { idleMsMax } = this.#options
    if (idleMsMax === undefined || this.#waiting.size > 0) return
    this.#idleTimer = setTimeout(() => void this.#end(), idleMsMax).unref()
  }

  #running(): Worker {
    if (this.#worker !== null) return this.#worker
    const { name, url, data, log } = this.#options
    const worker = new Worker(url, { name, workerData: data, resourceLimits })
    this.#worker = worker
    worker.on('message', (answer: AnswerMessage) => {
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ('error' in answer) waiting?.reject(new OperationalError(answer.error))
      else waiting?.resolve(answer.value as never)
      this.#restSoon()
    })
    worker.on('error', (error) =>
      log.error(
        { action: 'worker_failed', worker: name, err: error },
        `the ${name} thread broke down; its questions fail and the next one starts a new thread`,
      ),
    )
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null
      this.#rejectAll(
        new OperationalError(`The ${name} thread broke down. Try again; if it happens again, look at the log.`),
      )
    })
    return worker
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

const stopError = (): OperationalError => new OperationalError('The appliance stops.')
