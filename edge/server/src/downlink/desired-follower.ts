import './no-web-storage.ts'
import { FetchError, ShapeStream } from '@electric-sql/client'
import type { Offset } from '@electric-sql/client'
import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { syncPaths } from '@jidoka/sync-protocol'
import type { DesiredPosition, JournalReader, Pipeline } from '../ports.ts'
import type { CloudLine } from '../uplink/cloud-line.ts'
import { ChangeGatherer } from './change-gatherer.ts'
import type { ShapeMessage } from './change-gatherer.ts'
import { downlinkLimits } from './limits.ts'
import { isStarterPosition } from './starter.ts'

export interface DesiredFollowerOptions {
  readonly line: CloudLine
  readonly edgeId: string
  readonly pipeline: Pick<Pipeline, 'applyDesired'>
  readonly reader: Pick<JournalReader, 'desiredPosition'>
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

/**
 * Follows what the cloud wants of this appliance as one shape. Each whole change is committed together with its position,
 * so that a stop at any moment goes on where it was. The stream ends on what its client does not repeat by itself; this
 * starts another from the position in the journal, for ever and with pauses.
 */
export class DesiredFollower implements Service {
  readonly name = 'downlink'
  readonly #options: DesiredFollowerOptions
  #position: DesiredPosition | null
  #isNew: boolean
  #current: AbortController | null = null
  #cancelRetry: () => void = () => {}
  /** The change that is on its way to the journal. */
  #applying: Promise<unknown> = Promise.resolve()
  #isStopped = false
  #failuresInRow = 0

  constructor(options: DesiredFollowerOptions) {
    this.#options = options
    const stored = options.reader.desiredPosition()
    this.#isNew = stored === null || isStarterPosition(stored)
    // What the program before this one could not read, this one may: it comes again only with everything.
    this.#position = this.#isNew || stored?.isPartial === true ? null : stored
  }

  start(): Promise<void> {
    this.#follow()
    return Promise.resolve()
  }

  get edgeId(): string {
    return this.#options.edgeId
  }

  /** Resolves when nothing of it will be committed any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelRetry()
    this.#current?.abort()
    await this.#applying.catch(() => {})
  }

  #follow(): void {
    if (this.#isStopped) return
    const { line, edgeId, log } = this.#options
    const abort = new AbortController()
    this.#current = abort
    const gatherer = new ChangeGatherer({
      edgeId,
      fromStart: this.#position === null,
      isNew: this.#isNew,
      onRefused: (problem) => log.error({ action: 'desired_refused' }, problem),
    })
    const stream = new ShapeStream<never>({
      url: new URL(syncPaths.shape, line.cloudUrl).href,
      // Full rows also of updates and deletions: kind and key name the item here, not the row's id.
      params: { table: 'fleet.desired', replica: 'full' },
      signal: abort.signal,
      fetchClient: (input, init) => line.signedFetch(input, { ...init, signal: withTimeout(init?.signal ?? null) }),
      // The client repeats by itself what a repeat can mend; the rest ends the stream and comes to `#ended`.
      backoffOptions: {
        initialDelay: downlinkLimits.retryDelayMsMin,
        maxDelay: downlinkLimits.retryDelayMsMax,
        multiplier: 2,
      },
      // Rows are parsed and checked by the protocol's own schema.
      parser: { jsonb: asText, json: asText, int8: asText },
      ...(this.#position === null ? {} : { handle: this.#position.handle, offset: this.#position.offset as Offset }),
    })
    stream.subscribe(
      async (messages) => {
        if (abort.signal.aborted) return
        try {
          if (gatherer.take(messages as readonly ShapeMessage[]))
            await this.#apply(gatherer, { handle: stream.shapeHandle ?? '', offset: stream.lastOffset })
        } catch (error) {
          // Not thrown to the client, which would go on behind a change that is not in the journal.
          this.#ended(abort, error)
        }
      },
      (error) => this.#ended(abort, error),
    )
  }

  async #apply(gatherer: ChangeGatherer, position: DesiredPosition): Promise<void> {
    const { pipeline, log } = this.#options
    const change = gatherer.change(position)
    if (change !== null) {
      const applied = pipeline.applyDesired(change)
      this.#applying = applied
      const reported = await applied
      for (const item of reported) {
        const what = { action: 'desired', kind: item.kind, key: item.key, version: item.version, state: item.state }
        if (item.problem === null) log.info(what, `${item.kind} "${item.key}" version ${item.version} ${item.state}`)
        else log.warn(what, item.problem)
      }
      this.#position = position
      if (change.replaceAll || change.upserts.length > 0) this.#isNew = false
    }
    gatherer.settle()
    this.#failuresInRow = 0
  }

  #ended(stream: AbortController, error: unknown): void {
    if (this.#isStopped || stream.signal.aborted) return
    stream.abort()
    const { clock, log, random } = this.#options
    const isRefused = error instanceof FetchError && error.status >= 400 && error.status < 500
    const backOffMs = Math.min(
      downlinkLimits.retryDelayMsMax,
      downlinkLimits.retryDelayMsMin * 2 ** this.#failuresInRow++,
    )
    const delayMs = (isRefused ? downlinkLimits.refusedDelayMs : backOffMs) * (0.5 + 0.5 * random())
    log.warn(
      { action: 'downlink', success: false },
      `the desired state cannot be followed: ${describeError(error)}; trying again in ${Math.round(delayMs / 1_000)} s`,
    )
    this.#cancelRetry = clock.after(delayMs, () => this.#follow())
  }
}

const asText = (value: string): string => value

const withTimeout = (signal: AbortSignal | null): AbortSignal => {
  const timeout = AbortSignal.timeout(downlinkLimits.answerTimeoutMs)
  return signal === null ? timeout : AbortSignal.any([signal, timeout])
}
