import type { Clock } from './clock.ts'
import { describeError } from './errors.ts'
import type { Log } from './log.ts'
import type { Service } from './service.ts'
import { outsideTraces, Tracer } from './tracing.ts'
import { tracingLimits } from './tracing-limits.ts'
import { readHeaders } from './tracing-settings.ts'
import type { TracingSettings } from './tracing-settings.ts'

/** What became of recorded spans, since the start. */
export interface SpanCounts {
  sent: number
  /** Refused by the collector, or it was away. */
  lost: number
  /** There was no room to wait for it. */
  dropped: number
}

export interface TracingParts {
  readonly settings: TracingSettings
  /** `instance`: which of several programs of this name, such as the name of an appliance. */
  readonly service: { readonly name: string; readonly version: string; readonly instance: string }
  readonly clock: Clock
  readonly log: Log
  readonly random?: () => number
}

export interface ExportParts {
  readonly endpoint: string
  readonly headers: Record<string, string>
  readonly service: TracingParts['service']
  readonly counts: SpanCounts
  /** Told at each change only: a collector that is away for a day is one line in the log. */
  readonly onChange: (isUp: boolean, why: string) => void
}

interface Opened {
  /** Sends what waits. */
  flush(): Promise<void>
  /** The same, and takes no more. */
  close(): Promise<void>
}

/** Gives a tracer, and carries what it records to a collector. What does so takes longer to load than the rest of a program: it is loaded by `open`, behind the start, and only where there is a collector. */
export class Tracing implements Service {
  readonly name = 'tracing'
  readonly tracer: Tracer
  readonly counts: SpanCounts = { sent: 0, lost: 0, dropped: 0 }
  readonly #parts: TracingParts
  #opening: Promise<Opened | null> | null = null

  constructor(parts: TracingParts) {
    const { settings, clock, random } = parts
    this.#parts = parts
    this.tracer = new Tracer({
      clock,
      ratio: settings.ratio,
      perSecondMax: settings.per_second_max,
      ...(random === undefined ? {} : { random }),
    })
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  /** To be called once the program serves. From when it resolves spans are recorded; it rejects never. */
  async open(): Promise<void> {
    const { endpoint } = this.#parts.settings
    if (endpoint !== undefined) this.#opening ??= outsideTraces(() => this.#open(endpoint))
    await this.#opening
  }

  /** Sends at once what waits for a batch to be full. */
  async flush(): Promise<void> {
    await (await this.#opening)?.flush()
  }

  async stop(): Promise<void> {
    const opened = await this.#opening
    this.tracer.recordTo(null)
    if (opened === null) return
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const cancel = this.#parts.clock.after(tracingLimits.stopMsMax, resolve)
    await Promise.race([opened.close(), late])
    cancel()
  }

  async #open(endpoint: string): Promise<Opened | null> {
    const { settings, service, log } = this.#parts
    const action = 'traces.send'
    try {
      const { openExport } = await import('./tracing-otlp.ts')
      const { recorder, flush, close } = openExport({
        endpoint,
        headers: readHeaders(settings.headers ?? '') ?? {},
        service,
        counts: this.counts,
        onChange: (isUp, why) => {
          if (isUp) log.info({ action, success: true }, 'the collector takes traces again')
          else log.warn({ action, success: false }, `traces are lost until the collector takes them again: ${why}`)
        },
      })
      this.tracer.recordTo(recorder)
      return { flush, close }
    } catch (error) {
      // The program does its work without traces.
      log.error({ action, success: false }, `no traces are recorded: ${describeError(error)}`)
      return null
    }
  }
}
