import { batchLimits, epochSchema, laneSchema, refusals, syncPaths } from '@jidoka/sync-protocol'
import { z } from 'zod'
import type { App } from '../../platform/http/app.ts'
import { limitBody } from '../../platform/http/body-limit.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import { busyRetryMs } from './busy.ts'
import type { EdgeAuthenticator } from './edge-identity.ts'
import type { Ranges } from './ranges.ts'

/** Of 65,536 rows each: the last one that a sequence number can lie in. */
const rangeMax = 2 ** 37 - 1

const rangesQuerySchema = z.object({
  epoch: epochSchema,
  lane: laneSchema,
  from: z.coerce.number().int().nonnegative().max(rangeMax),
})

/** Bodies of repairs held at once before they are read: 16 MB. */
const bodiesMax = 2

const noBody = new Uint8Array(0)

/** What the convergence check of an edge calls. To be added after `addSyncRoutes`, whose headers stand on these answers too. */
export function addRangeRoutes(app: App, parts: { authenticator: EdgeAuthenticator; ranges: Ranges }): void {
  const { authenticator, ranges } = parts

  app.get(syncPaths.ranges, async (c) => {
    const identity = await authenticator.verify(await authenticator.find(c.req.raw), c.req.raw, noBody)
    return c.json(await ranges.list(identity, rangesQuerySchema.parse(c.req.query())))
  })

  const repairBody = limitBody(
    batchLimits.bytesMax,
    () => new RefusalError({ kind: 'too_large', detail: refusals.too_large.sentence }),
  )
  let bodies = 0
  app.post(syncPaths.repairs, repairBody, async (c) => {
    const edge = await authenticator.find(c.req.raw)
    if (bodies >= bodiesMax) throw new RefusalError({ kind: 'busy', retry_after_ms: busyRetryMs })
    bodies++
    try {
      const bytes = new Uint8Array(await c.req.arrayBuffer())
      return c.json(await ranges.repair(await authenticator.verify(edge, c.req.raw, bytes), bytes))
    } finally {
      bodies--
    }
  })
}
