import { batchHeaderSchema } from './batch.ts'
import { enrolmentRequestSchema } from './enrolment.ts'

/** Everything that an edge sends, by name. */
export const upMessages = {
  batchHeader: batchHeaderSchema,
  enrolmentRequest: enrolmentRequestSchema,
} as const
