import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import type { Clock } from './clock.ts'

// What is under way, as traces: a root for each request, batch or job, and its parts below it. Of most roots nothing is recorded; those cost one small
// object and nothing for their parts, so that code says what it does without asking whether anybody looks. Names and facts come from the program, never
// from its input: no values of statements, no texts of people (I8).

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'
export type SpanFacts = Readonly<Record<string, string | number | boolean>>

export interface SpanOptions {
  readonly kind?: SpanKind
  readonly facts?: SpanFacts
}

export interface RootOptions extends SpanOptions {
  /** W3C traceparent of what caused it, as it came from outside; what is none counts as absent. */
  readonly traceparent?: string | null | undefined
  /** Traceparents of others that belong to it, such as commits of the rows of a batch. */
  readonly links?: readonly string[]
  /** Epoch milliseconds, for what is told behind its beginning. */
  readonly startMs?: number
}

/** What is over when it is told, between two instants (epoch milliseconds). */
export interface Past extends SpanOptions {
  readonly name: string
  readonly startMs: number
  readonly endMs: number
  /** What of it was done for the rest. */
  readonly part?: Past
}

/** Something that is under way. */
export interface Span {
  /** False: nothing of it is kept. Facts that cost something to make are made only where it is true. */
  readonly isRecorded: boolean
  /** Over, however it ended: what goes on behind it is no part of it. */
  readonly isEnded: boolean
  /** 32 and 16 hex digits, for log lines too; also of one that is not recorded. */
  readonly traceId: string
  readonly spanId: string
  /** As others are told it, W3C Trace Context. */
  readonly traceparent: string
  /** For one whose name is known late, such as a route. */
  rename(name: string): void
  set(facts: SpanFacts): void
  /** Notes the kind of an error and not its sentence, which may hold anything: that stands in the log, under the same trace. */
  fail(error: unknown): void
}

/** One that whoever opened it ends. */
export interface OpenSpan extends Span {
  /** @param atMs epoch milliseconds; absent: now */
  end(atMs?: number): void
}

/** Where recorded spans go; see tracing-export.ts. */
export interface SpanRecorder {
  open(name: string, options: RootOptions, parent: SpanContext | null): OpenSpan
}

export interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly isSampled: boolean
}

interface Active {
  readonly span: Span
  readonly recorder: SpanRecorder | null
}

// Of the process, as a call is in one place at a time, whoever made the tracer; a part of what is under way needs none.
const active = new AsyncLocalStorage<Active | undefined>()

const notEnded = (): Active | undefined => {
  const found = active.getStore()
  return found === undefined || found.span.isEnded ? undefined : found
}

/** What is under way here; null outside of any trace, and in what goes on behind the end of its span, such as a timer. */
export function activeSpan(): Span | null {
  return notEnded()?.span ?? null
}

/** Traceparent for whoever is called; null where nothing is recorded. */
export function outgoingTraceparent(): string | null {
  const span = notEnded()?.span
  return span?.isRecorded === true ? span.traceparent : null
}

/** Opens a part of what is under way, which the caller ends; null where nothing is recorded. Parts of its own are not below it. */
export function openSpan(name: string, options: SpanOptions = noOptions): OpenSpan | null {
  const found = notEnded()
  if (found === undefined || found.recorder === null || !found.span.isRecorded) return null
  return found.recorder.open(name, options, contextOf(found.span))
}

/** Does `work` as a part of what is under way; where nothing is recorded, just does it. */
export function inSpan<Result>(
  name: string,
  options: SpanOptions,
  work: (span: Span | null) => Promise<Result>,
): Promise<Result> {
  const span = openSpan(name, options)
  return span === null ? work(null) : runIn(span, active.getStore()?.recorder ?? null, work)
}

/** Does `work` outside of any trace: for what serves many, such as a connection or a batch. */
export function outsideTraces<Result>(work: () => Result): Result {
  return active.run(undefined, work)
}

export interface TracerOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Of roots that nobody else has decided about, how many are recorded: 0 to 1. */
  readonly ratio: number
  /**
   * Roots recorded in a second, of those that begin here and of those that others ask for: each have their own, as who calls us must decide neither how much we
   * record nor that nothing else is (I10).
   */
  readonly perSecondMax: number
  readonly random?: () => number
}

/** Begins traces. Which are recorded is decided once, at the root, by the sender where there is one that says it. */
export class Tracer {
  readonly #options: TracerOptions
  readonly #random: () => number
  #recorder: SpanRecorder | null = null
  #secondFromMs = Number.NEGATIVE_INFINITY
  readonly #begun = { here: 0, askedFor: 0 }

  constructor(options: TracerOptions) {
    this.#options = options
    this.#random = options.random ?? Math.random
  }

  /** From here on roots are recorded; null: no longer. */
  recordTo(recorder: SpanRecorder | null): void {
    this.#recorder = recorder
  }

  /** Does `work` as the root of a trace here, which goes on with the sender's where there is one. */
  begin<Result>(name: string, options: RootOptions, work: (span: Span) => Promise<Result>): Promise<Result> {
    const { traceparent } = options
    const parent = traceparent === undefined || traceparent === null ? null : readTraceparent(traceparent)
    const recorder = this.#recorder
    if (recorder !== null && this.#isWanted(parent)) return runIn(recorder.open(name, options, parent), recorder, work)
    return runIn(new Unrecorded(parent), null, work)
  }

  /** Notes what is over already as a trace of its own. `tell` is asked only where it is recorded. Returns its traceparent; null: it is not. */
  note(tell: () => Past): string | null {
    const recorder = this.#recorder
    if (recorder === null || !this.#isWanted(null)) return null
    return notePast(recorder, tell(), null).traceparent
  }

  #isWanted(parent: SpanContext | null): boolean {
    if (parent === null ? this.#random() >= this.#options.ratio : !parent.isSampled) return false
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#secondFromMs >= 1_000) {
      this.#secondFromMs = nowMs
      this.#begun.here = 0
      this.#begun.askedFor = 0
    }
    const whose = parent === null ? 'here' : 'askedFor'
    if (this.#begun[whose] >= this.#options.perSecondMax) return false
    this.#begun[whose]++
    return true
  }
}

/** Records nothing; for programs and tests that have nowhere to send traces to. Its log lines have trace ids all the same. */
export const silentTracer: Tracer = new Tracer({ clock: { monotonicMs: () => 0 }, ratio: 0, perSecondMax: 0 })

const traceparentPattern = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/
/** A later version may append members, not these many. */
const traceparentLettersMax = 200

/** Null for what is no traceparent: W3C says to begin a new trace then. */
export function readTraceparent(text: string): SpanContext | null {
  if (text.length > traceparentLettersMax) return null
  const [, version, traceId, spanId, flags, more] = traceparentPattern.exec(text) ?? []
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return null
  if (version === 'ff' || (version === '00' && more !== undefined) || /^0+$/.test(traceId) || /^0+$/.test(spanId))
    return null
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

export const writeTraceparent = ({ traceId, spanId, isSampled }: SpanContext): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`

function notePast(recorder: SpanRecorder, past: Past, parent: SpanContext | null): Span {
  const span = recorder.open(past.name, past, parent)
  if (past.part !== undefined) notePast(recorder, past.part, contextOf(span))
  span.end(past.endMs)
  return span
}

const noOptions: SpanOptions = {}
const contextOf = ({ traceId, spanId, isRecorded }: Span): SpanContext => ({ traceId, spanId, isSampled: isRecorded })

async function runIn<Result>(
  span: OpenSpan,
  recorder: SpanRecorder | null,
  work: (span: Span) => Promise<Result>,
): Promise<Result> {
  try {
    return await active.run({ span, recorder }, work, span)
  } catch (error) {
    span.fail(error)
    throw error
  } finally {
    span.end()
  }
}

/** A root of which nothing is kept. Its ids are made when a log line asks for them. */
class Unrecorded implements OpenSpan {
  readonly isRecorded = false
  isEnded = false
  readonly #parent: SpanContext | null
  #traceId: string | undefined
  #spanId: string | undefined

  constructor(parent: SpanContext | null) {
    this.#parent = parent
  }

  get traceId(): string {
    return (this.#traceId ??= this.#parent?.traceId ?? randomBytes(16).toString('hex'))
  }

  get spanId(): string {
    return (this.#spanId ??= randomBytes(8).toString('hex'))
  }

  get traceparent(): string {
    return writeTraceparent({ traceId: this.traceId, spanId: this.spanId, isSampled: false })
  }

  rename(): void {}
  set(): void {}
  fail(): void {}

  end(): void {
    this.isEnded = true
  }
}
