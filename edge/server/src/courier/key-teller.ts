import type { Clock, Log, Service } from '@jidoka/base'
import { describeFailure, retryDelayMs } from '@jidoka/sync-engine'
import type { Failure } from '@jidoka/sync-engine'
import { courierKeyAnswerSchema, keyFingerprint, protocolVersion, syncPaths } from '@jidoka/sync-protocol'
import type { CourierKeyNews } from '@jidoka/sync-protocol'
import type { JournalReader, Pipeline } from '../ports.ts'
import type { CloudLine } from '../uplink/cloud-line.ts'
import type { EdgeIdentity } from '../uplink/identity.ts'

export interface KeyTellerOptions {
  readonly line: Pick<CloudLine, 'request'>
  readonly identity: Pick<EdgeIdentity, 'enrolled' | 'courierPublicKey' | 'believe'>
  readonly pipeline: Pick<Pipeline, 'saveSetting'>
  readonly reader: Pick<JournalReader, 'setting'>
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

const toldSetting = 'courier_key_told'
/** 20 s: the answer is one row of the cloud. */
const timeoutMs = 20_000
/** 6 h: a cloud of before 1.2 has no answer, and is upgraded some day. */
const againMs = 6 * 3_600_000

/** Tells the cloud this appliance's courier key and learns the cloud's, once, while there is a line: when there is none it is too late. */
export class CourierKeyTeller implements Service {
  readonly name = 'courier key'
  readonly #options: KeyTellerOptions
  #cancel: () => void = () => {}
  #isStopped = false

  constructor(options: KeyTellerOptions) {
    this.#options = options
  }

  start(): Promise<void> {
    if (!this.#isDone()) this.#later(0, 0)
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    return Promise.resolve()
  }

  #isDone(): boolean {
    const { identity, reader } = this.#options
    return identity.enrolled?.trust !== undefined && reader.setting(toldSetting) === this.#told()
  }

  /** Which key has been told to whom: an appliance that enrols elsewhere tells it there. */
  #told(): string {
    const { identity } = this.#options
    return `${identity.enrolled?.edge_id} ${keyFingerprint(identity.courierPublicKey)}`
  }

  #later(delayMs: number, tries: number): void {
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#tell(tries).catch((error: unknown) => {
        // The store could not keep that it was told: telling it again does no harm.
        this.#options.log.warn(
          { action: 'courier_key', success: false, err: error },
          'the courier key is told again later',
        )
        if (!this.#isStopped) this.#later(againMs, 0)
      })
    })
  }

  async #tell(tries: number): Promise<void> {
    const { line, identity, pipeline, log, random } = this.#options
    const news: CourierKeyNews = { protocol: protocolVersion, courier_key: identity.courierPublicKey }
    const answer = await line.request({
      method: 'PUT',
      path: syncPaths.courierKey,
      body: Buffer.from(JSON.stringify(news)),
      contentType: 'application/json',
      timeoutMs,
    })
    if (this.#isStopped) return
    const parsed = answer.kind === 'ok' ? courierKeyAnswerSchema.safeParse(answer.json) : null
    if (parsed?.success === true) {
      identity.believe(parsed.data.trust)
      await pipeline.saveSetting(toldSetting, this.#told())
      return
    }
    const failure = answer.kind === 'failed' ? answer.failure : null
    if (failure !== null) log.debug({ action: 'courier_key', success: false }, describeFailure(failure))
    const isSettled = failure === null || !mayPass(failure)
    this.#later(isSettled ? againMs : retryDelayMs(tries, random()), isSettled ? 0 : tries + 1)
  }
}

/** Whether waiting a little mends it. An older cloud answers 404, one that has revoked this appliance says so for as long as it likes. */
function mayPass(failure: Failure): boolean {
  if (failure.kind === 'refused') return ['busy', 'stale', 'replayed'].includes(failure.refusal.kind)
  return failure.kind !== 'strange_answer' || failure.status >= 500
}
