import { statfs } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import type { SpanCounts } from '@jidoka/base'
import type { Registry } from 'prom-client'
import { Counter, Gauge } from 'prom-client'

/** How the resources of the process stand, read when somebody asks: use, what waits for them, and what failed. */
export function watchResources(registry: Registry, folder: string): void {
  const registers = [registry]
  let last = performance.eventLoopUtilization()
  new Gauge({
    name: 'jidoka_event_loop_utilization',
    help: 'Share of the time since it was asked last in which the event loop had work, 0 to 1',
    registers,
    collect() {
      const now = performance.eventLoopUtilization()
      this.set(performance.eventLoopUtilization(now, last).utilization)
      last = now
    },
  })
  new Gauge({
    name: 'jidoka_disk_free_bytes',
    help: 'Free bytes of the disk of the data folder; no sample where the system does not say',
    registers,
    async collect() {
      try {
        const { bavail, bsize } = await statfs(folder)
        this.set(bavail * bsize)
      } catch {
        this.remove() // a folder that is not there yet has no disk to tell of
      }
    },
  })
}

export function watchTraces(registry: Registry, counts: Readonly<SpanCounts>): void {
  new Counter({
    name: 'jidoka_trace_spans_total',
    help: 'Recorded spans by what became of them: sent, lost (the collector did not take them), dropped (too many waited for it)',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset()
      for (const outcome of ['sent', 'lost', 'dropped'] as const) this.inc({ outcome }, counts[outcome])
    },
  })
}
