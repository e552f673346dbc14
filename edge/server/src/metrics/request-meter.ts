import { Counter, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'

/** Counts requests by their routes. */
export interface RequestMeter {
  /** `seconds`: to the head of the answer; null of a stream, which has no end. */
  requested(method: string, route: string, status: number, seconds: number | null): void
}

/** Labels are routes of the program and the methods of HTTP's everyday. */
export function requestMeter(registry: Registry): RequestMeter {
  const registers = [registry]
  const requests = new Counter({
    name: 'jidoka_http_requests_total',
    help: 'Requests by route and status',
    labelNames: ['method', 'route', 'status'] as const,
    registers,
  })
  const duration = new Histogram({
    name: 'jidoka_http_request_duration_seconds',
    help: 'Time from the request to the head of its answer; the live stream is left out',
    labelNames: ['method', 'route'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers,
  })
  return {
    requested(method, route, status, seconds) {
      requests.inc({ method, route, status: String(status) })
      if (seconds !== null) duration.observe({ method, route }, seconds)
    },
  }
}
