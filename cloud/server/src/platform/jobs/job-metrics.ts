import type { Registry } from 'prom-client'
import { Counter, Gauge, Histogram } from 'prom-client'

/** Labels are kinds that the program registers, so that no input makes a new series. */
export class JobMetrics {
  readonly ended: Counter<'kind' | 'outcome'>
  readonly seconds: Histogram<'kind'>
  readonly running: Gauge
  readonly waiting: Gauge
  readonly lateSeconds: Gauge

  constructor(registry: Registry) {
    const registers = [registry]
    this.ended = new Counter({
      name: 'jidoka_jobs_ended_total',
      help: 'Runs of jobs in this process by how they ended: done, failed (tried again), dead (given up), lost (another process took it), released (this one stopped), cancelled',
      labelNames: ['kind', 'outcome'],
      registers,
    })
    this.seconds = new Histogram({
      name: 'jidoka_job_duration_seconds',
      help: 'How long a run of a job took, however it ended',
      labelNames: ['kind'],
      buckets: [0.1, 0.5, 1, 5, 30, 60, 300, 1_800, 7_200],
      registers,
    })
    this.running = new Gauge({ name: 'jidoka_jobs_running', help: 'Jobs that run in this process', registers })
    this.waiting = new Gauge({
      name: 'jidoka_jobs_waiting',
      help: 'Jobs of the whole database whose time has come and that do not run; counted twice a minute',
      registers,
    })
    this.lateSeconds = new Gauge({
      name: 'jidoka_jobs_oldest_waiting_seconds',
      help: 'How long the oldest of them has been due; counted twice a minute',
      registers,
    })
  }
}
