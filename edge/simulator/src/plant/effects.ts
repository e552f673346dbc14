/** What a fault does to the process or to a sensor's view of it. Faults of networks and servers are not the plant's. */
export type Effect =
  /** The sensor reads more and more beside the truth, towards the nearest limit. */
  | { readonly kind: 'drift'; readonly tag: string; readonly severity: number }
  /** Now and then the sensor reads far beyond the limit for a moment, as with a loose contact. */
  | { readonly kind: 'spike'; readonly tag: string; readonly severity: number }
  /** The sensor repeats the value that it read last. */
  | { readonly kind: 'stuck_sensor'; readonly tag: string }
  /** A bearing of the machine ("LINE-A/PRESS-1") fails; everything that hangs on it follows. */
  | { readonly kind: 'bearing_wear'; readonly machine: string; readonly severity: number }

/** Time for a drift to go 63 % of its way: an alarm within ten seconds or so, and still visibly a drift. */
const driftLagMs = 6_000

/**
 * The part that a sensor's effect adds to its reading.
 * `span`: from nominal to the nearest limit, with its sign; severity 0 stays short of the limit, 1 goes to twice the span.
 */
export function sensorError(
  effect: Extract<Effect, { tag: string }>,
  sinceMs: number,
  span: number,
  periodMs: number,
): number {
  if (effect.kind === 'drift') return span * (0.4 + 1.6 * effect.severity) * (1 - Math.exp(-sinceMs / driftLagMs))
  if (effect.kind === 'spike') {
    // Long enough that a slow sensor sees it too, and that the two readings which some rules ask for fall into it.
    const widthMs = Math.max(2_500, 2.2 * periodMs)
    return sinceMs % (2.5 * widthMs) < widthMs ? span * (1.3 + 2 * effect.severity) : 0
  }
  return 0
}
