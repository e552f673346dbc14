import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { SpanCounts } from '@jidoka/base'
import type { LineToCloud, SyncStatus } from '@jidoka/contract'
import type { BrokerStats } from '../broker/index.ts'
import { horizonDaysMax } from '../keeping/horizon.ts'
import { brokerMetrics } from './broker-metrics.ts'
import { LineMetrics } from './line-metrics.ts'
import { requestMeter } from './request-meter.ts'
import type { RequestMeter } from './request-meter.ts'
import type { Committed, DeadLetterReason } from '../ports.ts'

/** 64 statuses get a series of their own, later ones share `OTHER`: statuses come from scripts, and a script may make one up each time. */
const statusSeriesMax = 64

/** What gauges look at when somebody scrapes. */
export interface MetricSources {
  readonly lineToCloud: () => LineToCloud
  readonly syncStatus: () => SyncStatus
  readonly rowsGone: () => readonly { readonly lane: string; readonly reason: string; readonly rows: number }[]
  readonly alarmsOpen: () => number
  readonly mqttClients: () => number
  readonly broker: () => Readonly<BrokerStats>
  readonly streamClients: () => number
  readonly streamSlowTotal: () => number
  readonly mergesTotal: () => number
  readonly spans: () => Readonly<SpanCounts>
  readonly connectors: () => readonly { readonly name: string; readonly isUp: boolean; readonly eventsTotal: number }[]
}

/** The appliance's metrics in a registry of their own, so that two appliances in one process (tests) do not meet. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #statuses = new Set<string>()
  readonly #readings = this.#counter('jidoka_readings_stored_total', 'Readings committed to the journal')
  readonly #readingsQos0 = this.#counter(
    'jidoka_readings_qos0_total',
    'Of those, sent with QoS 0: nobody would have repeated them',
  )
  readonly #repeats = this.#counter(
    'jidoka_repeated_publishes_total',
    'Publishes that were sent again though they were stored: acknowledged, and not stored a second time',
  )
  readonly #windowReadings = new Counter({
    name: 'jidoka_window_readings_total',
    help: 'Readings of sensors whose windows rules look at: taken in, too late for them, repeated, or without room',
    labelNames: ['outcome'] as const,
    registers: [this.#registry],
  })
  readonly #judgments = new Counter({
    name: 'jidoka_judgments_total',
    help: 'Verdicts given, by status',
    labelNames: ['status'] as const,
    registers: [this.#registry],
  })
  readonly #deadLetters = new Counter({
    name: 'jidoka_dead_letters_total',
    help: 'Messages acknowledged but not stored as readings, by reason',
    labelNames: ['reason'] as const,
    registers: [this.#registry],
  })
  readonly #commit = new Histogram({
    name: 'jidoka_commit_duration_seconds',
    help: 'Time of one durable commit, with everything judged from it',
    // 0.5 ms (an NVMe disk's sync) to 2.5 s (a disk in trouble).
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [this.#registry],
  })
  /** What happens on the line to the cloud. */
  readonly line: LineMetrics
  /** What boards and programs ask of the appliance. */
  readonly requests: RequestMeter

  constructor(sources: MetricSources) {
    collectDefaultMetrics({ register: this.#registry })
    this.line = new LineMetrics(this.#registry, sources.syncStatus)
    this.requests = requestMeter(this.#registry)
    this.#gauge('jidoka_line_to_cloud_online', '1 while the cloud answers', [], (gauge) =>
      gauge.set(sources.lineToCloud().state === 'online' ? 1 : 0),
    )
    this.#gauge('jidoka_disk_free_bytes', 'Free bytes of the disk of the data folder', [], (gauge) =>
      gauge.set(sources.lineToCloud().disk.free_bytes),
    )
    this.#gauge('jidoka_disk_used_bytes', 'Bytes of the data folder', [], (gauge) =>
      gauge.set(sources.lineToCloud().disk.used_bytes),
    )
    for (const [name, rate, field] of [
      ['jidoka_disk_horizon_days', 'the last hour', 'horizon_days'],
      ['jidoka_disk_horizon_days_at_day_rate', 'the last day', 'horizon_days_at_day_rate'],
    ] as const) {
      this.#gauge(
        name,
        `Days until rows must be dropped for want of space, at the rate of ${rate}; ${horizonDaysMax}: never at this rate; no sample while it is unknown`,
        [],
        (gauge) => {
          gauge.reset()
          const days = sources.lineToCloud().disk[field]
          if (days === null) gauge.remove()
          else gauge.set(days)
        },
      )
    }
    this.#gauge(
      'jidoka_rows_gone',
      'Rows that the journal no longer holds, by lane and reason: pruned by age, for space, damaged',
      ['lane', 'reason'],
      (gauge) => {
        for (const { lane, reason, rows } of sources.rowsGone()) gauge.set({ lane, reason }, rows)
      },
    )
    this.#gauge('jidoka_store_problem', '1 while the store cannot write', [], (gauge) =>
      gauge.set(sources.lineToCloud().disk.problem === null ? 0 : 1),
    )
    this.#gauge('jidoka_alarms_open', 'Alarms that have not ended', [], (gauge) => gauge.set(sources.alarmsOpen()))
    this.#gauge('jidoka_mqtt_clients', 'Clients connected to the broker', [], (gauge) =>
      gauge.set(sources.mqttClients()),
    )
    for (const { name, help, kind, of } of brokerMetrics) {
      if (kind === 'total') this.#total(name, help, [], (counter) => counter.inc(of(sources.broker())))
      else this.#gauge(name, help, [], (gauge) => gauge.set(of(sources.broker())))
    }
    this.#gauge('jidoka_stream_clients', 'Boards that follow the live stream', [], (gauge) =>
      gauge.set(sources.streamClients()),
    )
    this.#total(
      'jidoka_stream_slow_clients_total',
      'Times a board that did not read was told to load again',
      [],
      (counter) => counter.inc(sources.streamSlowTotal()),
    )
    this.#total('jidoka_merges_total', 'Merges of stored segments into larger ones', [], (counter) =>
      counter.inc(sources.mergesTotal()),
    )
    this.#total(
      'jidoka_trace_spans_total',
      'Recorded spans by what became of them: sent, lost (the collector did not take them), dropped (too many waited for it)',
      ['outcome'],
      (counter) => {
        for (const outcome of ['sent', 'lost', 'dropped'] as const) counter.inc({ outcome }, sources.spans()[outcome])
      },
    )
    this.#gauge('jidoka_connector_up', '1 while the last poll of a connector succeeded', ['connector'], (gauge) => {
      for (const { name, isUp } of sources.connectors()) gauge.set({ connector: name }, isUp ? 1 : 0)
    })
    this.#total('jidoka_connector_events_total', 'Events that a connector brought', ['connector'], (counter) => {
      for (const { name, eventsTotal } of sources.connectors()) counter.inc({ connector: name }, eventsTotal)
    })
  }

  committed({ counts, deadLetters }: Committed): void {
    this.#readings.inc(counts.readings)
    this.#readingsQos0.inc(counts.readingsQos0)
    this.#repeats.inc(counts.repeats)
    this.#commit.observe(counts.commitMs / 1_000)
    for (const [outcome, count] of Object.entries(counts.windowReadings ?? {}))
      if (count > 0) this.#windowReadings.inc({ outcome }, count)
    for (const [status, count] of Object.entries(counts.verdictsByStatus))
      this.#judgments.inc({ status: this.#statusLabel(status) }, count)
    for (const { reason } of deadLetters) this.#deadLetters.inc({ reason: reason satisfies DeadLetterReason })
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #statusLabel(status: string): string {
    if (this.#statuses.has(status)) return status
    if (this.#statuses.size >= statusSeriesMax) return 'OTHER'
    this.#statuses.add(status)
    return status
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.#registry] })
  }

  #gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    collect: (gauge: Gauge<Label>) => void,
  ): void {
    new Gauge<Label>({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      collect() {
        collect(this)
      },
    })
  }

  /** A counter that somebody else keeps: it is set to that total at each scrape. */
  #total<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    collect: (counter: Counter<Label>) => void,
  ): void {
    new Counter<Label>({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      collect() {
        this.reset()
        collect(this)
      },
    })
  }
}
