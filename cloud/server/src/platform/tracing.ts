import { hostname } from 'node:os'
import type { Clock, Log, TracingSettings } from '@jidoka/base'
import { Tracing } from '@jidoka/base'
import type { Metrics } from './metrics.ts'
import { watchTraces } from './metrics-resources.ts'

export interface OpenTracingParts {
  readonly settings: TracingSettings
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** Begins the traces of this process; a service, to be started before those that are traced. */
export function openTracing({ settings, version, clock, log, metrics }: OpenTracingParts): Tracing {
  const service = { name: 'jidoka-cloud', version, instance: `${hostname()}:${process.pid}` }
  const tracing = new Tracing({ settings, service, clock, log })
  watchTraces(metrics.registry, tracing.counts)
  return tracing
}
