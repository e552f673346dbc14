import { z } from 'zod'
import { ruleDefinitionSchema } from './rule.ts'

/** Something that an edge shall do once. Part of the desired state under an id of its own; what came of it goes up as its reported state. */
export const commandSchema = z.strictObject({
  issued_by: z.string().min(1).max(64),
  issued_at_ms: z.number().int().nonnegative(),
  /** An edge that hears of it later does nothing and says `expired`; by the clock of the line to the cloud, not by its own. */
  expires_at_ms: z.number().int().nonnegative(),
  what: z.discriminatedUnion('name', [
    /** Gather versions, configuration without secrets, metrics, the last log lines and the newest problems, and upload them. */
    z.strictObject({ name: z.literal('support_bundle') }),
    /** Send these numbers once more; the cloud replaces what it holds of the ranges that they lie in. */
    z.strictObject({
      name: z.literal('resend'),
      lane: z.enum(['readings', 'records']),
      from_seq: z.number().int().positive(),
      to_seq: z.number().int().positive(),
    }),
    /** Judge stored readings with a rule that is not in force, and count what it would have said. */
    z.strictObject({
      name: z.literal('rehearsal'),
      rule: ruleDefinitionSchema,
      from_ms: z.number().int().nonnegative(),
      to_ms: z.number().int().nonnegative(),
    }),
  ]),
})
export type Command = z.infer<typeof commandSchema>
export type CommandName = Command['what']['name']

/**
 * States of a command on its edge. `accepted` is committed together with its arrival, `started` before anything is done: one that finds itself
 * started after a crash is `interrupted` and never run again by itself.
 */
export const commandStates = ['accepted', 'started', 'done', 'failed', 'expired', 'interrupted'] as const
export type CommandState = (typeof commandStates)[number]

export const commandStateIsFinal: Readonly<Record<CommandState, boolean>> = {
  accepted: false,
  started: false,
  done: true,
  failed: true,
  expired: true,
  interrupted: true,
}

/** What a command found, small enough for a record: counts and names, no rows. */
export const commandResultSchema = z.record(
  z.string().max(48),
  z.union([z.string().max(500), z.number(), z.boolean(), z.null()]),
)
export type CommandResult = z.infer<typeof commandResultSchema>
