import { OperationalError, uuidv7 } from '@jidoka/base'
import type { Clock, Log } from '@jidoka/base'
import { faultKinds } from '@jidoka/contract'
import type { Fault, FaultKind } from '@jidoka/contract'
import { faultKindModels } from './kinds.ts'
import type { FaultWorld } from './kinds.ts'

/** 100 at once: more than anybody can follow, and each costs a look at every reading. */
const runningMax = 100

/** What a fault is asked to be: the parsed `newFaultSchema`. */
export interface FaultRequest {
  readonly kind: FaultKind
  readonly target?: string | undefined
  readonly duration_s?: number | undefined
  readonly severity: number
}

export class FaultRefusedError extends OperationalError {
  override name = 'FaultRefusedError'
  readonly reason: 'unknown_target' | 'not_available' | 'too_many'

  constructor(reason: FaultRefusedError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** The faults that run, who takes them back, and when. */
export class FaultBook {
  readonly #world: FaultWorld
  readonly #clock: Clock
  readonly #log: Log
  readonly #running = new Map<string, { fault: Fault; end: () => void }>()

  constructor(options: { world: FaultWorld; clock: Clock; log: Log }) {
    this.#world = options.world
    this.#clock = options.clock
    this.#log = options.log
  }

  /** Starts a fault. Throws FaultRefusedError with a sentence when its target is not one, or there are too many. */
  add(request: FaultRequest): Fault {
    if (this.#running.size >= runningMax)
      throw new FaultRefusedError('too_many', `${runningMax} faults run already. Take some back first.`)
    const target = this.#targetOf(request)
    const nowMs = this.#clock.nowMs()
    const fault: Fault = {
      ...request,
      target,
      id: uuidv7(nowMs),
      since: new Date(nowMs).toISOString(),
      until: request.duration_s === undefined ? null : new Date(nowMs + request.duration_s * 1_000).toISOString(),
    }
    const takeBack = faultKindModels[request.kind].begin(this.#world, {
      id: fault.id,
      target,
      severity: request.severity,
    })
    const cancelTimer =
      request.duration_s === undefined
        ? () => {}
        : this.#clock.after(request.duration_s * 1_000, () => this.remove(fault.id))
    const end = () => {
      cancelTimer()
      takeBack()
    }
    this.#running.set(fault.id, { fault, end })
    this.#log.info(
      { fault: fault.kind, target, duration_s: request.duration_s, severity: request.severity },
      'a fault begins',
    )
    return fault
  }

  /** Takes a fault back. False when none of that id runs. */
  remove(id: string): boolean {
    const found = this.#running.get(id)
    if (found === undefined) return false
    this.#running.delete(id)
    found.end()
    this.#log.info({ fault: found.fault.kind, target: found.fault.target }, 'a fault is taken back')
    return true
  }

  removeAll(): number {
    const ids = [...this.#running.keys()]
    for (const id of ids) this.remove(id)
    return ids.length
  }

  list(): readonly Fault[] {
    return [...this.#running.values()].map(({ fault }) => fault)
  }

  /** What can be hit, by kind. */
  targets(): Record<FaultKind, string[]> {
    return Object.fromEntries(
      faultKinds.map((kind) => [kind, [...faultKindModels[kind].targets(this.#world)]]),
    ) as Record<FaultKind, string[]>
  }

  #targetOf(request: FaultRequest): string {
    const targets = faultKindModels[request.kind].targets(this.#world)
    const [standard] = targets
    if (standard === undefined) {
      throw new FaultRefusedError(
        'not_available',
        `"${request.kind}" is not to be had here: no line to a cloud is configured (JIDOKA_SIMULATOR_LINE_TARGET).`,
      )
    }
    if (request.target === undefined) return standard
    if (targets.includes(request.target)) return request.target
    const near = targets
      .filter((target) => target.toLowerCase().includes(request.target?.toLowerCase() ?? ''))
      .slice(0, 5)
    const hint =
      near.length > 0 ? near.join(', ') : `${targets.slice(0, 5).join(', ')}${targets.length > 5 ? ', ...' : ''}`
    throw new FaultRefusedError(
      'unknown_target',
      `"${request.target}" cannot be the target of "${request.kind}". Possible: ${hint}.`,
    )
  }
}
