import { ROOT_CONTEXT, SpanKind as OtelKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api'
import type { Context, Span as OtelSpan, SpanContext as OtelContext, Tracer as OtelTracer } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'
import { describeError } from './errors.ts'
import { readTraceparent, writeTraceparent } from './tracing.ts'
import type { OpenSpan, RootOptions, SpanContext, SpanFacts, SpanKind, SpanRecorder } from './tracing.ts'
import type { ExportParts } from './tracing-export.ts'
import { tracingLimits } from './tracing-limits.ts'

// OpenTelemetry's own SDK takes 80 ms to load, its exporter 40: only tracing-export.ts imports this, once the program serves and where somebody wants traces.

const kinds: Readonly<Record<SpanKind, OtelKind>> = {
  internal: OtelKind.INTERNAL,
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  producer: OtelKind.PRODUCER,
  consumer: OtelKind.CONSUMER,
}

export function openExport(parts: ExportParts): {
  recorder: SpanRecorder
  flush: () => Promise<void>
  close: () => Promise<void>
} {
  const { name, version, instance } = parts.service
  const exporter = new OTLPTraceExporter({
    url: `${parts.endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: parts.headers,
    timeoutMillis: tracingLimits.answerMsMax,
  })
  const provider = new TracerProvider({
    // Which are recorded the tracer has decided before.
    sampler: new AlwaysOnSampler(),
    resource: resourceFromAttributes({
      'service.name': name,
      'service.version': version,
      'service.instance.id': instance,
    }),
    spanLimits: { attributeValueLengthLimit: tracingLimits.factLettersMax, linkCountLimit: tracingLimits.linksMax },
    spanProcessors: [new CountedSpans(exporter, parts)],
  })
  const tracer = provider.getTracer('jidoka', version)
  // What could not be sent was counted and told as at any other time.
  const told = (sent: Promise<void>) => sent.catch(() => undefined)
  return {
    recorder: new Recorder(tracer),
    flush: () => told(provider.forceFlush()),
    close: () => told(provider.shutdown()),
  }
}

/** The SDK's batches, with a count of what became of spans: by itself it drops them without a word. */
class CountedSpans implements SpanProcessor {
  readonly #batches: BatchSpanProcessor
  readonly #parts: ExportParts
  #waiting = 0
  #isUp = true

  constructor(exporter: SpanExporter, parts: ExportParts) {
    this.#parts = parts
    this.#batches = new BatchSpanProcessor({
      exporter: {
        export: (spans, done) =>
          exporter.export(spans, (result) => {
            this.#settle(spans.length, result.error)
            done(result)
          }),
        shutdown: () => exporter.shutdown(),
        forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
      },
      maxQueueSize: tracingLimits.waitingMax,
      maxExportBatchSize: tracingLimits.batchMax,
      scheduledDelayMillis: tracingLimits.batchDelayMs,
      exportTimeoutMillis: tracingLimits.answerMsMax,
    })
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#waiting >= tracingLimits.waitingMax) {
      this.#parts.counts.dropped++
      return
    }
    this.#waiting++
    this.#batches.onEnd(span)
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush()
  }

  shutdown(): Promise<void> {
    return this.#batches.shutdown()
  }

  #settle(count: number, error: Error | undefined): void {
    const { counts, onChange } = this.#parts
    this.#waiting -= count
    const isUp = error === undefined
    counts[isUp ? 'sent' : 'lost'] += count
    if (isUp === this.#isUp) return
    this.#isUp = isUp
    onChange(isUp, isUp ? '' : describeError(error))
  }
}

class Recorder implements SpanRecorder {
  readonly #tracer: OtelTracer

  constructor(tracer: OtelTracer) {
    this.#tracer = tracer
  }

  open(name: string, { kind = 'internal', facts, links, startMs }: RootOptions, parent: SpanContext | null): OpenSpan {
    const options = {
      kind: kinds[kind],
      ...(facts === undefined ? {} : { attributes: facts }),
      ...(links === undefined ? {} : { links: linksOf(links) }),
      ...(startMs === undefined ? {} : { startTime: startMs }),
    }
    return new Recorded(this.#tracer.startSpan(name, options, contextOf(parent)))
  }
}

const otelContextOf = ({ traceId, spanId }: SpanContext): OtelContext => ({
  traceId,
  spanId,
  traceFlags: TraceFlags.SAMPLED,
})

const contextOf = (parent: SpanContext | null): Context =>
  parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, otelContextOf(parent))

const linksOf = (traceparents: readonly string[]) =>
  traceparents.flatMap((text) => {
    const context = readTraceparent(text)
    return context === null ? [] : [{ context: otelContextOf(context) }]
  })

class Recorded implements OpenSpan {
  readonly isRecorded = true
  readonly #span: OtelSpan
  readonly traceId: string
  readonly spanId: string
  isEnded = false

  constructor(span: OtelSpan) {
    this.#span = span
    const { traceId, spanId } = span.spanContext()
    this.traceId = traceId
    this.spanId = spanId
  }

  get traceparent(): string {
    return writeTraceparent({ traceId: this.traceId, spanId: this.spanId, isSampled: true })
  }

  rename(name: string): void {
    this.#span.updateName(name)
  }

  set(facts: SpanFacts): void {
    this.#span.setAttributes(facts)
  }

  fail(error: unknown): void {
    this.#span.setStatus({ code: SpanStatusCode.ERROR })
    this.#span.setAttribute('error.type', kindOfError(error))
  }

  end(atMs?: number): void {
    this.isEnded = true
    this.#span.end(atMs)
  }
}

/** A code, such as an SQLSTATE, or the name of its class. */
function kindOfError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const code = 'code' in error && typeof error.code === 'string' && /^\w{1,40}$/.test(error.code) ? error.code : null
  return code ?? error.name
}
