import { z } from 'zod'
import { codeSchema } from './place.ts'

/** Each priority has a colour, a shape and a letter on screens (shared/ui), so that nobody depends on hue. */
export const alarmPriorities = ['critical', 'high', 'medium', 'low'] as const
export const alarmPrioritySchema = z.enum(alarmPriorities)
export type AlarmPriority = z.infer<typeof alarmPrioritySchema>

/** ISA-18.2. `returned`: the process is normal again and nobody has acknowledged yet. `cleared` ends an alarm; the next one has a new id. */
export const alarmStates = [
  'unacknowledged',
  'acknowledged',
  'returned',
  'shelved',
  'out_of_service',
  'cleared',
] as const
export const alarmStateSchema = z.enum(alarmStates)
export type AlarmState = z.infer<typeof alarmStateSchema>

export const alarmActions = [
  'acknowledge',
  'return',
  'recur',
  'shelve',
  'unshelve',
  'take_out_of_service',
  'put_in_service',
] as const
export const alarmActionSchema = z.enum(alarmActions)
export type AlarmAction = z.infer<typeof alarmActionSchema>

/** Why an action is refused; the user interfaces have a sentence for each. */
export type AlarmRefusal =
  | 'already_acknowledged'
  | 'already_returned'
  | 'still_active'
  | 'not_shelved'
  | 'not_out_of_service'
  | 'is_shelved'
  | 'is_out_of_service'
  | 'is_cleared'

type Step = { to: AlarmState } | { refused: AlarmRefusal }
const to = (state: AlarmState): Step => ({ to: state })
const no = (refused: AlarmRefusal): Step => ({ refused })

/** ISA-18.2, figure of alarm states. A missing cell does not compile. */
export const alarmTransitions: Record<AlarmState, Record<AlarmAction, Step>> = {
  unacknowledged: {
    acknowledge: to('acknowledged'),
    return: to('returned'),
    recur: no('still_active'),
    shelve: to('shelved'),
    unshelve: no('not_shelved'),
    take_out_of_service: to('out_of_service'),
    put_in_service: no('not_out_of_service'),
  },
  acknowledged: {
    acknowledge: no('already_acknowledged'),
    return: to('cleared'),
    recur: no('still_active'),
    shelve: to('shelved'),
    unshelve: no('not_shelved'),
    take_out_of_service: to('out_of_service'),
    put_in_service: no('not_out_of_service'),
  },
  returned: {
    acknowledge: to('cleared'),
    return: no('already_returned'),
    recur: to('unacknowledged'),
    shelve: to('shelved'),
    unshelve: no('not_shelved'),
    take_out_of_service: to('out_of_service'),
    put_in_service: no('not_out_of_service'),
  },
  shelved: {
    acknowledge: no('is_shelved'),
    return: to('cleared'),
    recur: no('is_shelved'),
    shelve: no('is_shelved'),
    unshelve: to('unacknowledged'),
    take_out_of_service: to('out_of_service'),
    put_in_service: no('not_out_of_service'),
  },
  out_of_service: {
    acknowledge: no('is_out_of_service'),
    return: to('cleared'),
    recur: no('is_out_of_service'),
    shelve: no('is_out_of_service'),
    unshelve: no('not_shelved'),
    take_out_of_service: no('is_out_of_service'),
    put_in_service: to('unacknowledged'),
  },
  cleared: {
    acknowledge: no('is_cleared'),
    return: no('is_cleared'),
    recur: no('is_cleared'),
    shelve: no('is_cleared'),
    unshelve: no('is_cleared'),
    take_out_of_service: no('is_cleared'),
    put_in_service: no('is_cleared'),
  },
}

export const alarmStep = (state: AlarmState, action: AlarmAction): Step => alarmTransitions[state][action]

/** The whole alarm after each change of its state; the latest record of an id is the alarm. */
export const alarmSchema = z.strictObject({
  /** Minted at the edge. */
  id: z.uuid(),
  rule_id: z.string().max(63),
  subject: z.string().min(1).max(150),
  line: codeSchema,
  equipment: codeSchema.nullable(),
  priority: alarmPrioritySchema,
  state: alarmStateSchema,
  /** The verdict that raised it, and its sentence. */
  status: z.string().max(32),
  explanation: z.string().max(2_000).nullable(),
  judgment_id: z.uuid(),
  raised_at_ms: z.number().int(),
  returned_at_ms: z.number().int().nullable(),
  acknowledged_at_ms: z.number().int().nullable(),
  /** The login of whoever acknowledged. */
  acknowledged_by: z.string().max(64).nullable(),
  /** Instant of this change. */
  changed_at_ms: z.number().int(),
})
export type Alarm = z.infer<typeof alarmSchema>
