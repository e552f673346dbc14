import { z } from 'zod'

/** In the order of urgency: `records` never wait behind `readings`. */
export const lanes = ['records', 'readings'] as const
export const laneSchema = z.enum(lanes)
export type Lane = z.infer<typeof laneSchema>

export const edgeIdSchema = z.uuid()
/**
 * Names one life of a data folder: a new id when it is made and when it is restored from a backup. Sequences begin at 1 in
 * one that was made, and behind what the cloud had in one that was restored. Ids and no numbers, so that two restores of one image differ; which is the newer one the cloud knows by the order of arrival.
 */
export const epochSchema = z.uuid()
export const seqSchema = z.number().int().positive()
export const countSchema = z.number().int().nonnegative()
/** State of a RunningDigest. */
export const digestSchema = z.string().regex(/^[0-9a-f]{16}$/, 'a digest has 16 hexadecimal digits')
/** The digest of an empty lane. */
export const emptyDigest = '0000000000000000'

/**
 * Why rows of a lane are gone for good. `space`: the disk ran short. `damaged`: a checksum failed. `poison`: the cloud can
 * never take them. `pruned`: they had been receipted, aged out of the edge, and a cloud restored from an older backup asks for them again.
 */
export const dropReasonSchema = z.enum(['space', 'damaged', 'poison', 'pruned'])
export type DropReason = z.infer<typeof dropReasonSchema>

/** See `point.ts`. */
export const lanePointSchema = z.strictObject({ seq: countSchema, count: countSchema, digest: digestSchema })
export type LanePoint = Readonly<z.infer<typeof lanePointSchema>>
