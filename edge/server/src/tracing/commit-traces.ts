import type { Clock, Past, Tracer } from '@jidoka/base'
import type { Lane } from '@jidoka/sync-protocol'
import type { Committed, Publishes } from '../ports.ts'

/** Recorded commits that are remembered for the batch that will carry their rows: at ten a second, the last half a minute. */
const rememberedMax = 300
/** Of one batch; a collector shows no more of use. */
const linksMax = 16

/** Semantic conventions of messaging: what the broker took is processed as one batch. Its topics are many, and devices make them up. */
const processing = {
  'messaging.system': 'mqtt',
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
  'messaging.destination.template': 'sensor/#',
} as const

interface Remembered {
  readonly traceparent: string
  /** Of each lane: the number before its first row, and that of its last. */
  readonly spans: Readonly<Record<Lane, { readonly after: number; readonly to: number }>>
}

/**
 * Each durable commit as a trace of its own, as one commit serves the messages of many devices (MQTT 3.1.1 carries no trace): from the first publish that it
 * holds to the last answer, and the commit within. Which batch goes on with it: the two are linked by the numbers of their rows.
 */
export class CommitTraces {
  readonly #tracer: Tracer
  readonly #clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  readonly #remembered: Remembered[] = []
  #seqs: Readonly<Record<Lane, number>>

  /** @param seqs of the newest rows, before the first commit */
  constructor(
    tracer: Tracer,
    clock: Pick<Clock, 'nowMs' | 'monotonicMs'>,
    seqs: { readonly readingsSeq: number; readonly recordsSeq: number },
  ) {
    this.#tracer = tracer
    this.#clock = clock
    this.#seqs = { readings: seqs.readingsSeq, records: seqs.recordsSeq }
  }

  committed(committed: Committed, publishes: Publishes | null): void {
    const before = this.#seqs
    const { readingsSeq, recordsSeq } = committed
    this.#seqs = { readings: readingsSeq, records: recordsSeq }
    const traceparent = this.#tracer.note(() => this.#told(committed, recordsSeq - before.records, publishes))
    if (traceparent === null) return
    const spans = {
      readings: { after: before.readings, to: readingsSeq },
      records: { after: before.records, to: recordsSeq },
    }
    if (this.#remembered.push({ traceparent, spans }) > rememberedMax) this.#remembered.shift()
  }

  /** Commits whose rows are among these, the newest where there are many. */
  linksTo(lane: Lane, fromSeq: number, toSeq: number): string[] {
    return this.#remembered
      .filter(
        ({ spans }) => spans[lane].after < toSeq && spans[lane].to >= fromSeq && spans[lane].to > spans[lane].after,
      )
      .slice(-linksMax)
      .map(({ traceparent }) => traceparent)
  }

  #told(committed: Committed, records: number, publishes: Publishes | null): Past {
    const { readingsSeq, recordsSeq, counts, alarms, deadLetters } = committed
    const bootMs = this.#clock.nowMs() - this.#clock.monotonicMs()
    const endMs = bootMs + (publishes?.committedMs ?? this.#clock.monotonicMs())
    const commit: Past = {
      name: 'commit',
      startMs: endMs - counts.commitMs,
      endMs,
      facts: {
        'jidoka.readings': counts.readings,
        'jidoka.readings_qos0': counts.readingsQos0,
        'jidoka.repeated_publishes': counts.repeats,
        'jidoka.readings_seq': readingsSeq,
        'jidoka.records': records,
        'jidoka.records_seq': recordsSeq,
        'jidoka.alarms': alarms.length,
        'jidoka.dead_letters': deadLetters.length,
      },
    }
    // Of the appliance itself: time that has passed, a command, an event of the MES.
    if (publishes === null) return commit
    return {
      name: 'process sensor/#',
      kind: 'consumer',
      startMs: bootMs + publishes.firstMs,
      endMs: bootMs + publishes.acknowledgedMs,
      facts: { ...processing, 'messaging.batch.message_count': publishes.count },
      part: commit,
    }
  }
}
