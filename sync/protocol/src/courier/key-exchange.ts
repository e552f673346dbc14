import { z } from 'zod'
import { publicKeySchema } from '../keys.ts'
import { trustListSchema } from '../trust.ts'
import { protocolVersionSchema } from '../version.ts'

/**
 * `PUT /sync/v1/courier-key`, signed: the X25519 key that courier files to this edge are encrypted to from now on. Told
 * once: the same again changes nothing, another one replaces it, and the cloud notes that in its audit.
 */
export const courierKeySchema = z.strictObject({ protocol: protocolVersionSchema, courier_key: publicKeySchema })
export type CourierKeyNews = z.infer<typeof courierKeySchema>

/** The answer: the cloud's own keys. A cloud of before 1.2 has no such path, and the edge asks again another day. */
export const courierKeyAnswerSchema = z.strictObject({ protocol: protocolVersionSchema, trust: trustListSchema })
