import { z } from 'zod'
import { epochSchema, seqSchema } from './lane.ts'

/** Why the cloud did not take a request of an edge. The body of a problem (RFC 9457) carries it as `refusal`. */
export const refusalSchema = z.discriminatedUnion('kind', [
  /** The batch begins behind the cursor: rows are missing before it. */
  z.strictObject({ kind: z.literal('gap'), expected_seq: seqSchema }),
  /** A newer life of this data folder is known. */
  z.strictObject({ kind: z.literal('wrong_epoch'), current_epoch: epochSchema }),
  z.strictObject({ kind: z.literal('unknown_edge') }),
  z.strictObject({ kind: z.literal('revoked') }),
  z.strictObject({ kind: z.literal('malformed'), detail: z.string().max(1_000) }),
  z.strictObject({ kind: z.literal('too_large'), detail: z.string().max(1_000) }),
  /** The end that must be upgraded before the two understand each other. */
  z.strictObject({ kind: z.literal('protocol_version'), upgrade: z.enum(['edge', 'cloud']) }),
  z.strictObject({ kind: z.literal('busy'), retry_after_ms: z.number().int().nonnegative().max(3_600_000) }),
  /** The two ends hold different rows below the cursor. */
  z.strictObject({ kind: z.literal('digest') }),
  z.strictObject({ kind: z.literal('bad_signature') }),
  z.strictObject({ kind: z.literal('stale'), skew_ms: z.number().int() }),
  z.strictObject({ kind: z.literal('replayed') }),
  z.strictObject({ kind: z.literal('bad_token') }),
])
export type Refusal = z.infer<typeof refusalSchema>
export type RefusalKind = Refusal['kind']

/** Status and sentence of each refusal: what happened and what to do next, for logs and for the screens of the edge. */
export const refusals: Record<RefusalKind, { readonly status: number; readonly sentence: string }> = {
  gap: {
    status: 409,
    sentence: 'Rows before this batch are missing. The edge goes back to the expected number by itself.',
  },
  wrong_epoch: {
    status: 409,
    sentence:
      'The cloud knows a newer epoch of this appliance: another copy of it began one, or this one was restored from an older image. Everything stays stored here; delete nothing. Stop the copy that shall not go on. On the one that shall, start a new epoch (jidoka epoch new says first what it would do): what the cloud has not received goes up then.',
  },
  unknown_edge: {
    status: 404,
    sentence: 'The cloud does not know this edge. Enrol it with a new token from the console.',
  },
  revoked: {
    status: 403,
    sentence: 'This edge was revoked in the console. Everything stays stored here; enrol it again to go on.',
  },
  malformed: {
    status: 422,
    sentence: 'The cloud could not read the message. Nothing was lost; the edge tries again slowly. Report the detail.',
  },
  too_large: {
    status: 413,
    sentence: 'The message exceeds the limits of the cloud. The edge goes on with smaller ones by itself.',
  },
  protocol_version: {
    status: 426,
    sentence:
      'The two ends speak too different versions of the protocol. Upgrade the end that is named; everything stays stored until then.',
  },
  busy: { status: 503, sentence: 'The cloud is busy. The edge waits as long as it was told and tries again.' },
  digest: {
    status: 409,
    sentence:
      'The two ends hold different rows. Sending has stopped so that nothing is overwritten; the console (Fleet) and the board (Cloud and disk) show number and digest of each.',
  },
  bad_signature: {
    status: 401,
    sentence:
      'The signature does not fit the key that was enrolled. Another program uses this name, or the key was replaced: enrol again.',
  },
  stale: {
    status: 401,
    sentence:
      'The clocks of the two ends differ. The edge takes over the time of the answer and repeats the request by itself.',
  },
  replayed: {
    status: 401,
    sentence: 'This very request has been seen before. The edge repeats it with a new number by itself.',
  },
  bad_token: {
    status: 401,
    sentence: 'The enrolment token is wrong, used, or has expired. Make a new one in the console.',
  },
}

export const refusalStatus = (refusal: Refusal): number => refusals[refusal.kind].status
