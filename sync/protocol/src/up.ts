import { batchHeaderSchema } from './batch.ts'
import { courierHeaderSchema, courierTrailerSchema } from './courier/header.ts'
import { courierKeySchema } from './courier/key-exchange.ts'
import { enrolmentRequestSchema } from './enrolment.ts'
import { troubleReportSchema } from './trouble.ts'

/** Everything that an edge sends, by name. */
export const upMessages = {
  batchHeader: batchHeaderSchema,
  enrolmentRequest: enrolmentRequestSchema,
  troubleReport: troubleReportSchema,
  courierKey: courierKeySchema,
  courierHeader: courierHeaderSchema,
  courierTrailer: courierTrailerSchema,
} as const
