import { parentPort } from 'node:worker_threads'
import { describeError, OperationalError } from '@jidoka/base'
import type { AnswerMessage, CallMessage, WorkerFunctions } from './worker-client.ts'

/** An answer whose buffers go over without being copied. */
export class Transferred<Value> {
  readonly value: Value
  readonly buffers: readonly ArrayBuffer[]

  constructor(value: Value, buffers: readonly ArrayBuffer[]) {
    this.value = value
    this.buffers = buffers
  }
}

/** The worker's side of `WorkerClient`: answers calls one after the other. Operational errors are answers, everything else ends the thread. */
export function serveCalls(functions: WorkerFunctions): void {
  const port = parentPort
  if (port === null) throw new TypeError('this module runs in a worker thread only')
  port.on('message', (call: CallMessage) => {
    const run = functions[call.name] as ((argument: unknown) => unknown) | undefined
    if (run === undefined) throw new TypeError(`the worker has no function "${call.name}"`)
    try {
      const answer = run(call.argument)
      if (answer instanceof Transferred)
        port.postMessage({ id: call.id, value: answer.value } satisfies AnswerMessage, [...answer.buffers])
      else port.postMessage({ id: call.id, value: answer } satisfies AnswerMessage)
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error
      port.postMessage({ id: call.id, error: describeError(error) } satisfies AnswerMessage)
    }
  })
}
