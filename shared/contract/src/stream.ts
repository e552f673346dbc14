import { z } from 'zod'
import { boardAlarmSchema, boardVerdictSchema, lineToCloudSchema, tagValueSchema } from './edge-api.ts'

/**
 * Server-sent events of an edge's board (`event:` is the name, `data:` the JSON). A client that reconnects, or is told
 * `reset`, fetches the board again: the stream carries changes, never history.
 */
export const edgeStreamEvents = {
  /** Last values that changed, at most seven times a second a tag: more is unreadable, and fewer would break the promise of 200 ms from reading to board. */
  values: z.object({ values: z.array(tagValueSchema) }),
  verdict: boardVerdictSchema,
  alarm: boardAlarmSchema,
  line_to_cloud: lineToCloudSchema,
  /** What stands on the board has changed as a whole (rules, catalogue): fetch it again. */
  reset: z.object({ reason: z.enum(['rules', 'catalogue', 'slow_client']) }),
} as const
export type EdgeStreamEvent = {
  [Name in keyof typeof edgeStreamEvents]: { event: Name; data: z.infer<(typeof edgeStreamEvents)[Name]> }
}[keyof typeof edgeStreamEvents]
