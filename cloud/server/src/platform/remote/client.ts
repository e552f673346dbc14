import { describeError, inSpan, outgoingTraceparent } from '@jidoka/base'
import type { Clock, Log } from '@jidoka/base'
import { problemSchema } from '@jidoka/contract'
import type { Problem } from '@jidoka/contract'
import { z } from 'zod'
import { ProblemError } from '../http/problem.ts'
import { beginsElsewhere, currentRequest, RequestOverError } from '../request-scope.ts'
import { boundedText } from './bounded-body.ts'
import type { CallFor, CallsOf, Contract, Method, MethodTable } from './contract.ts'
import { methodPath, moduleHeader } from './contract.ts'
import type { GuardedCircuit } from './guarded-circuit.ts'
import { remoteLimits } from './limits.ts'
import type { ModuleName } from './module-names.ts'
import type { RemoteMetrics } from './remote-metrics.ts'
import type { ServiceTokens } from './service-token.ts'
import { ModuleUnavailableError } from './unavailable.ts'
import type { Absence } from './unavailable.ts'

export interface ClientParts {
  readonly address: URL
  /** Which module of this process calls. */
  readonly caller: ModuleName
  readonly tokens: ServiceTokens
  readonly circuit: GuardedCircuit
  readonly clock: Clock
  readonly log: Log
  readonly metrics: RemoteMetrics
}

/** The calls of a contract, each a request to the process where the module runs. */
export function remoteCalls<Methods extends MethodTable>(
  contract: Contract<Methods>,
  parts: ClientParts,
): CallsOf<Contract<Methods>> {
  const client = new RemoteClient(contract, parts)
  const calls = Object.keys(contract.methods).map((name) => [
    name,
    (on: CallFor, args: unknown) => client.call(name, on, args),
  ])
  return Object.fromEntries(calls) as CallsOf<Contract<Methods>>
}

/** How an attempt ended that brought no answer. */
class AttemptError extends Error {
  readonly absence: Absence
  /** Another attempt may do better, if the method is repeatable. */
  readonly isPassing: boolean

  constructor(absence: Absence, { isPassing, cause }: { isPassing: boolean; cause?: unknown }) {
    super(absence, { cause })
    this.absence = absence
    this.isPassing = isPassing
  }
}

/** Once more: enough for a connection that was closed at the wrong moment and for one replica of two that is going; more would keep a module down that is coming up. */
const attemptsMax = 2
const clientSpan = { kind: 'client' } as const
const answerSchema = z.object({ data: z.unknown() })

class RemoteClient {
  readonly #contract: Contract
  readonly #parts: ClientParts

  constructor(contract: Contract, parts: ClientParts) {
    this.#contract = contract
    this.#parts = parts
  }

  async call(name: string, on: CallFor, args: unknown): Promise<unknown> {
    const { module, methods } = this.#contract
    const { clock, metrics } = this.#parts
    const startMs = clock.monotonicMs()
    let outcome = 'ok'
    // The other process hears that nobody waits any more as this one has: by a connection that ends.
    const over = new AbortController()
    const forget = currentRequest()?.onOver(() => over.abort())
    const signal = on.signal === undefined ? over.signal : AbortSignal.any([over.signal, on.signal])
    try {
      return await this.#attempts(name, methods[name] as Method, { ...on, signal }, args)
    } catch (error) {
      outcome = signal.aborted ? 'left' : error instanceof ModuleUnavailableError ? error.absence : 'problem'
      throw over.signal.aborted ? new RequestOverError() : error
    } finally {
      forget?.()
      metrics.calls.inc({ module, method: name, outcome })
      metrics.seconds.observe({ module, method: name }, (clock.monotonicMs() - startMs) / 1_000)
    }
  }

  async #attempts(name: string, method: Method, on: CallFor, args: unknown): Promise<unknown> {
    const { module } = this.#contract
    const { circuit, clock, log } = this.#parts
    // One deadline for all attempts: whoever asked waits once.
    const late = new AbortController()
    const cancel = clock.after(method.msMax, () => late.abort())
    const signal = on.signal === undefined ? late.signal : AbortSignal.any([late.signal, on.signal])
    try {
      for (let attempt = 1; ; attempt++) {
        const turn = circuit.begin()
        if (turn === null)
          throw new ModuleUnavailableError(module, 'open', {
            retryAfterS: Math.max(1, Math.ceil(circuit.waitMs / 1_000)),
          })
        if (!method.repeatable)
          await beginsElsewhere().catch((error: unknown) => {
            turn.left()
            throw error
          })
        try {
          const answer = await inSpan(`call ${module}.${name}`, clientSpan, () =>
            this.#send(name, method, { on, args, signal }),
          )
          turn.succeeded()
          return answer
        } catch (error) {
          // The module has answered. One that fails for somebody serves everybody else; that it is not there is another error.
          if (error instanceof ProblemError) {
            turn.succeeded()
            throw error
          }
          if (on.signal?.aborted) {
            turn.left()
            throw error
          }
          turn.failed()
          const { absence, isPassing } = late.signal.aborted
            ? { absence: 'slow' as const, isPassing: false }
            : error instanceof AttemptError
              ? error
              : { absence: 'down' as const, isPassing: true }
          if (method.repeatable && isPassing && attempt < attemptsMax) continue
          log.warn(
            { action: 'remote.call', module, method: name, success: false, requestId: on.requestId },
            `the module ${module} gave no answer: ${absence} (${describeError(error)})`,
          )
          throw new ModuleUnavailableError(module, absence, { cause: error })
        }
      }
    } finally {
      cancel()
    }
  }

  async #send(
    name: string,
    method: Method,
    { on, args, signal }: { on: CallFor; args: unknown; signal: AbortSignal },
  ): Promise<unknown> {
    const { module } = this.#contract
    const { address, caller, tokens } = this.#parts
    const token = await tokens.sign({ caller, module, method: name, tenantId: on.tenantId, by: on.by })
    const traceparent = outgoingTraceparent()
    const response = await fetch(new URL(methodPath(module, name), address), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(on.requestId === undefined ? {} : { 'x-request-id': on.requestId }),
        ...(traceparent === null ? {} : { traceparent }),
      },
      body: JSON.stringify(args),
      redirect: 'error',
      signal,
    })
    const text = await boundedText(response, remoteLimits.answerBytesMax).catch((cause: unknown) => {
      if (cause instanceof RangeError) throw unreadable(cause)
      throw cause
    })
    if (response.headers.get(moduleHeader) !== module) {
      // A proxy in front of it says that there is nobody, or the address is of something else.
      if (response.status >= 502 && response.status <= 504) throw new AttemptError('down', { isPassing: true })
      throw unreadable(new Error(`what answers at ${address.origin} with ${response.status} is not the module`))
    }
    if (response.ok) return readAnswer(text, method)
    const problem = readProblem(text)
    if (response.headers.has('www-authenticate'))
      throw new AttemptError('refused', { isPassing: false, cause: new Error(problem.detail) })
    if (problem.kind === 'unavailable' && response.status === 503)
      throw new AttemptError('down', { isPassing: true, cause: new Error(problem.detail) })
    const { kind, detail, errors, line, column, reason } = problem
    const retryAfterS = Number(response.headers.get('retry-after') ?? Number.NaN)
    throw new ProblemError(kind, detail, {
      details: {
        ...(errors === undefined ? {} : { errors }),
        ...(line === undefined ? {} : { line }),
        ...(column === undefined ? {} : { column }),
        ...(reason === undefined ? {} : { reason }),
      },
      ...(Number.isSafeInteger(retryAfterS) ? { retryAfterS } : {}),
    })
  }
}

const unreadable = (cause: unknown) => new AttemptError('unreadable', { isPassing: false, cause })

function readAnswer(text: string, method: Method): unknown {
  try {
    return method.answer.parse(answerSchema.parse(JSON.parse(text)).data)
  } catch (cause) {
    throw unreadable(cause)
  }
}

function readProblem(text: string): Problem {
  try {
    return problemSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw unreadable(cause)
  }
}
