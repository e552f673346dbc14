import { z } from 'zod'
import { epochSchema, lanePointSchema, laneSchema, seqSchema } from './lane.ts'
import { protocolVersionSchema } from './version.ts'

/**
 * Where the two ends hold different histories of one epoch. `diverged`: same numbers, different rows. `ahead`: the cloud has rows that this
 * appliance never wrote. Both mean that the appliance was copied, or restored from an image; which of the two only a person can say.
 */
export const troubleKinds = ['diverged', 'ahead'] as const
export const troubleKindSchema = z.enum(troubleKinds)
export type TroubleKind = z.infer<typeof troubleKindSchema>

/** `POST /sync/v1/troubles`, signed: told once each time that a lane halts over it, so that the other copy and the fleet's people hear of it. */
export const troubleReportSchema = z.strictObject({
  protocol: protocolVersionSchema,
  epoch: epochSchema,
  lane: laneSchema,
  kind: troubleKindSchema,
  /** The number up to which the cloud's receipt goes. */
  seq: seqSchema,
  /** What this appliance holds at its end of the lane. */
  held: lanePointSchema,
})
export type TroubleReport = z.infer<typeof troubleReportSchema>

/** What the cloud tells both copies with each cursor until a person has settled it. */
export const troubleSchema = z.strictObject({
  kind: troubleKindSchema,
  lane: laneSchema,
  seq: seqSchema,
  since_ms: z.number().int().nonnegative(),
})
export type Trouble = z.infer<typeof troubleSchema>
