import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { SyncStatus } from '@jidoka/contract'
import type { UplinkMeter } from '../uplink/uplink.ts'

type Lane = SyncStatus['lanes'][number]

/** What a scrape sees of each lane; a value that is not known has no sample. */
const laneGauges: readonly {
  readonly name: string
  readonly help: string
  readonly of: (lane: Lane) => number | null
}[] = [
  {
    name: 'jidoka_sync_backlog_rows',
    help: 'Rows stored and not yet receipted by the cloud',
    of: (lane) => lane.waiting_rows,
  },
  {
    name: 'jidoka_sync_backlog_seconds',
    help: 'Until everything is receipted, at the rate of the last minute; no sample while it is unknown',
    of: (lane) => (lane.waiting_rows === 0 ? 0 : lane.seconds_left),
  },
  {
    name: 'jidoka_sync_oldest_unsent_seconds',
    help: 'Age of the oldest row that is not receipted; 0 where none waits',
    of: (lane) => lane.oldest_unsent_s ?? 0,
  },
  {
    name: 'jidoka_sync_drain_rows_per_second',
    help: 'Rows receipted a second over the last minute, while rows wait',
    of: (lane) => lane.rows_per_second,
  },
]

/** The line to the cloud in the appliance's metrics. */
export class LineMetrics implements UplinkMeter {
  readonly #batches
  readonly #bytes
  readonly #refusals
  readonly #retries
  readonly #receipted
  readonly #poison
  /** Lanes whose last batch did not get through. */
  readonly #failing = new Set<string>()

  constructor(registry: Registry, status: () => SyncStatus) {
    const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
      new Counter<Label>({ name, help, labelNames: [...labelNames], registers: [registry] })
    this.#batches = counter('jidoka_sync_batches_total', 'Batches sent to the cloud, by lane and outcome', [
      'lane',
      'outcome',
    ])
    this.#bytes = counter('jidoka_sync_bytes_total', 'Bytes of batches sent to the cloud, by lane', ['lane'])
    this.#refusals = counter('jidoka_sync_refusals_total', 'Batches that the cloud refused, by reason', [
      'lane',
      'reason',
    ])
    this.#retries = counter(
      'jidoka_sync_retries_total',
      'Batches sent after one of the lane had failed or was refused',
      ['lane'],
    )
    this.#receipted = counter('jidoka_sync_rows_receipted_total', 'Rows that the cloud gave a receipt for', ['lane'])
    this.#poison = counter('jidoka_sync_poison_total', 'Rows that the cloud could never read and that were set aside', [
      'lane',
    ])
    for (const { name, help, of } of laneGauges) {
      new Gauge({
        name,
        help,
        labelNames: ['lane'],
        registers: [registry],
        collect() {
          this.reset()
          for (const lane of status().lanes) {
            const value = of(lane)
            if (value !== null) this.set({ lane: lane.lane }, value)
          }
        },
      })
    }
    new Gauge({
      name: 'jidoka_sync_troubles',
      help: 'Places where the cloud holds another history than this appliance and nobody has settled it',
      registers: [registry],
      collect() {
        this.set(status().troubles.length)
      },
    })
    new Gauge({
      name: 'jidoka_sync_audit_differences',
      help: 'Ranges in which the two ends differed when they were compared last; no sample before the first time',
      registers: [registry],
      collect() {
        const { last_audit: last } = status()
        if (last === null) this.remove()
        else this.set(last.differences)
      },
    })
  }

  batch(lane: string, outcome: 'accepted' | 'refused' | 'failed', bytes: number, refusal: string | null): void {
    this.#batches.inc({ lane, outcome })
    this.#bytes.inc({ lane }, bytes)
    if (refusal !== null) this.#refusals.inc({ lane, reason: refusal })
    if (this.#failing.has(lane)) this.#retries.inc({ lane })
    if (outcome === 'accepted') this.#failing.delete(lane)
    else this.#failing.add(lane)
  }

  receipted(lane: string, rows: number): void {
    this.#receipted.inc({ lane }, rows)
  }

  poison(lane: string): void {
    this.#poison.inc({ lane })
  }
}
