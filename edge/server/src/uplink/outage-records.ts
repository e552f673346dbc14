import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { uplinkLimits } from '@jidoka/sync-engine'
import type { UplinkEffect } from '@jidoka/sync-engine'
import type { Pipeline } from '../ports.ts'

type RecordOutage = Extract<UplinkEffect, { kind: 'record_outage' }>

/** Writes the outage ledger. What a cloud of before 1.2 would refuse waits until one that knows it has answered. */
export class OutageRecords {
  readonly #parts: { readonly pipeline: Pick<Pipeline, 'appendRecord'>; readonly clock: Clock; readonly log: Log }
  /** Of outages that are drained; the next start finds them again. */
  readonly #untold: RecordOutage[] = []

  constructor(parts: { readonly pipeline: Pick<Pipeline, 'appendRecord'>; readonly clock: Clock; readonly log: Log }) {
    this.#parts = parts
  }

  take(outage: RecordOutage, knowsDrained: boolean): void {
    if (outage.drained === null || knowsDrained) this.#write(outage)
    else if (this.#untold.push(outage) > uplinkLimits.outagesDrainingMax) this.#untold.shift()
  }

  /** The cloud knows all members now. */
  tellLate(): void {
    for (const outage of this.#untold.splice(0)) this.#write(outage)
  }

  #write({ fromMs, toMs, cause, rowsWaiting, drained }: RecordOutage): void {
    const { pipeline, clock, log } = this.#parts
    const body = {
      from_ms: fromMs,
      to_ms: toMs,
      cause: cause.slice(0, 500),
      rows_waiting: rowsWaiting,
      ...(drained === null ? {} : { drained_ms: drained.atMs, dropped: drained.dropped, receipted: drained.receipted }),
    }
    pipeline.appendRecord({ kind: 'outage', at_ms: clock.nowMs(), body }).catch((error: unknown) => {
      log.error({ action: 'record_outage', err: error }, `record_outage: ${describeError(error)}`)
    })
  }
}
