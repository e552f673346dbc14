import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type { Counter, Histogram } from 'prom-client'

/** Every metric of the program. Labels come from closed sets (routes, lanes, modules), so that no input makes a new series. */
export class Metrics {
  readonly registry = new Registry()
  readonly requests: Counter<'method' | 'route' | 'status'>
  readonly requestSeconds: Histogram<'method' | 'route'>
  readonly requestQueue: Gauge
  readonly syncRows: Counter<'lane'>
  readonly syncBatches: Counter<'lane' | 'outcome'>
  readonly syncRefusals: Counter<'reason'>
  readonly waitingRows: Gauge<'lane'>
  readonly waitingOldestSeconds: Gauge<'lane'>
  readonly troublesOpen: Gauge
  readonly edgeSilenceSeconds: Gauge
  readonly courierPieces: Gauge
  readonly courierFiles: Gauge<'state'>
  readonly courierBytes: Gauge<'state'>
  readonly commands: Gauge<'state'>
  readonly commandOpenSeconds: Gauge
  readonly judgments: Counter<'origin'>
  readonly poolWaitSeconds: Histogram
  readonly longReads: Counter<'place'>
  readonly streamClients: Gauge
  readonly shapeWaiters: Gauge
  readonly auditBroken: Gauge
  readonly auditSealFailures: Gauge
  readonly auditVerifiedSeconds: Gauge

  constructor() {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry, prefix: 'jidoka_cloud_' })
    this.requests = new Counter({
      name: 'jidoka_http_requests_total',
      help: 'Requests by route and status',
      labelNames: ['method', 'route', 'status'],
      registers,
    })
    this.requestSeconds = new Histogram({
      name: 'jidoka_http_request_duration_seconds',
      help: 'Time from the request to the head of its answer; streams and long polls are left out',
      labelNames: ['method', 'route'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    })
    this.requestQueue = new Gauge({
      name: 'request_queue_length',
      help: 'Requests that are not answered yet; streams and long polls, which wait for news, are left out',
      registers,
    })
    this.syncRows = new Counter({
      name: 'jidoka_sync_rows_committed_total',
      help: 'Rows of edges committed here',
      labelNames: ['lane'],
      registers,
    })
    this.syncBatches = new Counter({
      name: 'jidoka_sync_batches_total',
      help: 'Batches of edges by what became of them',
      labelNames: ['lane', 'outcome'],
      registers,
    })
    this.syncRefusals = new Counter({
      name: 'jidoka_sync_refusals_total',
      help: 'Requests of edges that were refused, by reason',
      labelNames: ['reason'],
      registers,
    })
    this.waitingRows = new Gauge({
      name: 'jidoka_sync_waiting_rows',
      help: 'Rows that wait at edges, as each has told with its last batch; revoked ones are left out',
      labelNames: ['lane'],
      registers,
    })
    this.waitingOldestSeconds = new Gauge({
      name: 'jidoka_sync_waiting_oldest_seconds_max',
      help: 'Age of the oldest row that waits at an edge, of those that the last batch of each has told of; revoked ones are left out',
      labelNames: ['lane'],
      registers,
    })
    this.troublesOpen = new Gauge({
      name: 'jidoka_sync_troubles_open',
      help: 'Lanes of edges that hold other rows than this database, until a person settles it',
      registers,
    })
    this.edgeSilenceSeconds = new Gauge({
      name: 'jidoka_edge_silence_seconds_max',
      help: 'Time since the edge that has been silent longest was heard; revoked ones are left out',
      registers,
    })
    this.courierPieces = new Gauge({
      name: 'jidoka_courier_pieces_staged',
      help: 'Pieces of courier files that are not done',
      registers,
    })
    this.courierFiles = new Gauge({
      name: 'jidoka_courier_files_staged',
      help: 'Courier files that are not done, by where they stand',
      labelNames: ['state'],
      registers,
    })
    this.courierBytes = new Gauge({
      name: 'jidoka_courier_bytes_staged',
      help: 'Bytes of courier files that are not done, as large as each says it is, by where it stands',
      labelNames: ['state'],
      registers,
    })
    this.commands = new Gauge({
      name: 'jidoka_commands',
      help: 'Commands to edges of the last 30 days, by where they stand; those taken back are left out',
      labelNames: ['state'],
      registers,
    })
    this.commandOpenSeconds = new Gauge({
      name: 'jidoka_command_open_seconds_max',
      help: 'Age of the oldest command that is neither done nor expired',
      registers,
    })
    this.judgments = new Counter({
      name: 'jidoka_judgments_stored_total',
      help: 'Judgments stored, made at an edge or here',
      labelNames: ['origin'],
      registers,
    })
    this.poolWaitSeconds = new Histogram({
      name: 'jidoka_db_pool_wait_seconds',
      help: 'Wait for a database connection',
      buckets: [0.0001, 0.001, 0.01, 0.1, 1, 10],
      registers,
    })
    this.longReads = new Counter({
      name: 'jidoka_db_long_reads_total',
      help: 'Reads that may be some seconds old, by where they were done; primary alone where there is no replica',
      labelNames: ['place'],
      registers,
    })
    for (const place of ['replica', 'primary']) this.longReads.inc({ place }, 0)
    this.streamClients = new Gauge({ name: 'jidoka_stream_clients', help: 'Open server-sent event streams', registers })
    this.shapeWaiters = new Gauge({
      name: 'jidoka_shape_waiters',
      help: 'Edges that wait for a change of their desired state',
      registers,
    })
    this.auditBroken = new Gauge({
      name: 'jidoka_audit_logs_changed',
      help: 'Tenants whose audit log was found to be other than it was written, at the last verification of each',
      registers,
    })
    this.auditSealFailures = new Gauge({
      name: 'jidoka_audit_seal_failures',
      help: 'Tenants whose audit entries could not be sealed in the last round',
      registers,
    })
    this.auditVerifiedSeconds = new Gauge({
      name: 'jidoka_audit_verified_seconds_max',
      help: 'Time since the verification of the audit log that was verified longest ago',
      registers,
    })
    for (const lane of ['records', 'readings']) this.syncRows.inc({ lane }, 0)
  }

  /** How the pool stands, read when somebody asks. */
  watchPool(pool: { totalCount: number; idleCount: number; waitingCount: number }): void {
    const registers = [this.registry]
    new Gauge({
      name: 'jidoka_db_pool_connections',
      help: 'Database connections by state',
      labelNames: ['state'],
      registers,
      collect() {
        this.set({ state: 'idle' }, pool.idleCount)
        this.set({ state: 'busy' }, pool.totalCount - pool.idleCount)
        this.set({ state: 'waited_for' }, pool.waitingCount)
      },
    })
  }
}
