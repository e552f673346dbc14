import { courierDownSchema } from './courier/down.ts'
import { courierKeyAnswerSchema } from './courier/key-exchange.ts'
import { cursorSchema } from './cursor.ts'
import { desiredRowSchema } from './desired-row.ts'
import { enrolmentResponseSchema } from './enrolment.ts'
import { laneRangesSchema, repairAnswerSchema } from './range.ts'
import { receiptSchema } from './receipt.ts'
import { refusalSchema } from './refusal.ts'

/** Everything that the cloud answers, by name. */
export const downMessages = {
  receipt: receiptSchema,
  refusal: refusalSchema,
  cursor: cursorSchema,
  enrolmentResponse: enrolmentResponseSchema,
  desiredRow: desiredRowSchema,
  laneRanges: laneRangesSchema,
  repairAnswer: repairAnswerSchema,
  courierKeyAnswer: courierKeyAnswerSchema,
  courierDown: courierDownSchema,
} as const
