import type { Tracer } from '@jidoka/base'
import type { Lane } from '@jidoka/sync-protocol'
import type { Committed } from '../ports.ts'

/** Recorded commits that are remembered for the batch that will carry their rows: at ten a second, the last half a minute. */
const rememberedMax = 300
/** Of one batch; a collector shows no more of use. */
const linksMax = 16

interface Remembered {
  readonly traceparent: string
  /** Of each lane: the number before its first row, and that of its last. */
  readonly spans: Readonly<Record<Lane, { readonly after: number; readonly to: number }>>
}

/**
 * Each durable commit as a trace of its own, as one commit serves the messages of many devices (MQTT 3.1.1 carries no trace), and which batch goes
 * on with it: the two are linked by the numbers of their rows.
 */
export class CommitTraces {
  readonly #tracer: Tracer
  readonly #remembered: Remembered[] = []
  #seqs: Readonly<Record<Lane, number>>

  /** @param seqs of the newest rows, before the first commit */
  constructor(tracer: Tracer, seqs: { readonly readingsSeq: number; readonly recordsSeq: number }) {
    this.#tracer = tracer
    this.#seqs = { readings: seqs.readingsSeq, records: seqs.recordsSeq }
  }

  committed({ readingsSeq, recordsSeq, counts, alarms, deadLetters }: Committed): void {
    const before = this.#seqs
    this.#seqs = { readings: readingsSeq, records: recordsSeq }
    const traceparent = this.#tracer.note('commit', { kind: 'consumer', startedMsAgo: counts.commitMs }, () => ({
      'jidoka.readings': counts.readings,
      'jidoka.readings_qos0': counts.readingsQos0,
      'jidoka.repeated_publishes': counts.repeats,
      'jidoka.readings_seq': readingsSeq,
      'jidoka.records': recordsSeq - before.records,
      'jidoka.records_seq': recordsSeq,
      'jidoka.alarms': alarms.length,
      'jidoka.dead_letters': deadLetters.length,
    }))
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
}
