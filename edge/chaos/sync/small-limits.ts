import '../subject/small-limits.ts'
import { uplinkLimits } from '@jidoka/sync-engine'

/*
 * Imported before the appliance by each of its threads: it waits for a line for tenths of seconds instead of minutes, and sends small batches, so
 * that seconds of a round see what hours of a plant do. Nothing else of it is changed; figures of speed are taken without this.
 */
Object.assign(uplinkLimits, {
  batchBytesMin: 4 * 1_024,
  batchBytesAtFirst: 32 * 1_024,
  gatherMs: 100,
  requestTimeoutMs: 1_500,
  retryDelayMsMin: 50,
  retryDelayMsMax: 400,
  haltedRetryMs: 1_000,
  retryAfterMsMax: 1_000,
  heartbeatMs: 700,
  outageAfterMs: 600,
})
