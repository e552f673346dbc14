import { z } from 'zod'

/** Faults that the simulator can make. `target` is an equipment ("LINE-A/PRESS-1"), a tag, a line, or absent where there is only one. */
export const faultKinds = [
  'drift',
  'spike',
  'stuck_sensor',
  'bearing_wear',
  'dead_device',
  'bad_payloads',
  'mes_down',
  'line_cut',
] as const
export const faultKindSchema = z.enum(faultKinds)
export type FaultKind = z.infer<typeof faultKindSchema>

export const newFaultSchema = z.strictObject({
  kind: faultKindSchema,
  target: z.string().max(150).optional(),
  /** Absent: until it is taken back. */
  duration_s: z.number().positive().max(86_400).optional(),
  /** 0..1, how bad; ignored where there is no degree. */
  severity: z.number().min(0).max(1).default(0.7),
})
export const faultSchema = newFaultSchema.extend({
  id: z.string(),
  since: z.iso.datetime(),
  until: z.iso.datetime().nullable(),
})
export type Fault = z.infer<typeof faultSchema>

export const plantStateSchema = z.object({
  seed: z.number(),
  speed: z.number(),
  readings_per_s: z.number(),
  readings_published_total: z.number(),
  readings_acknowledged_total: z.number(),
  plant_time: z.iso.datetime(),
  line_to_cloud: z.enum(['up', 'cut', 'none']),
  mes: z.enum(['up', 'down']),
  faults: z.array(faultSchema),
  /** What can be a fault's target, by kind. */
  targets: z.record(z.string(), z.array(z.string())),
})
export type PlantState = z.infer<typeof plantStateSchema>
export const plantSpeedSchema = z.strictObject({
  speed: z.number().min(0.1).max(100).optional(),
  readings_per_s: z.number().min(1).max(5_000).optional(),
})
