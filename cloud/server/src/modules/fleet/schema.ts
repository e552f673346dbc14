import { cloudLineSchema, edgeDetailSchema, edgeSummarySchema, enrolmentSchema, siteSchema } from '@jidoka/contract'
import { desiredItemSchema, desiredKinds } from '@jidoka/domain'
import type { LocalText, ReportedItem } from '@jidoka/domain'
import type { Lane } from '@jidoka/sync-protocol'
import { z } from 'zod'

export const edgeListSchema = z.array(edgeSummarySchema)
export const siteListSchema = z.array(siteSchema)
export const lineListSchema = z.array(cloudLineSchema)
export { desiredItemSchema, edgeDetailSchema, enrolmentSchema }

export const edgeParamsSchema = z.object({ id: z.uuid() })
export const desiredParamsSchema = z.object({
  id: z.uuid(),
  /** Commands have routes of their own: they expire, and none is run twice. */
  kind: z.enum(desiredKinds).exclude(['command']),
  key: z.string().min(1).max(64),
})

export interface SiteRow {
  code: string
  name: LocalText
  time_zone: string
}

export interface EdgeRow {
  id: string
  site_code: string
  name: string
  public_key: string
  /** The current life of its data folder; null before the first batch. */
  epoch: string | null
  program_version: string
  enrolled_at: string
  seen_at: string | null
  revoked_at: string | null
  desired_seq: number
  shape_handle: string
}

export interface CursorRow {
  edge_id: string
  epoch: string
  lane: Lane
  received_seq: number
  rows_total: number
  digest: string
  received_at: string | null
  /** First number of the lane in its epoch; null before the first batch, and of epochs from before it was kept, which begin with 1. */
  start_seq: number | null
}

export interface DesiredRecord {
  edge_id: string
  kind: string
  key: string
  id: string
  version: number
  body: unknown
  changed_at: string
  changed_by: string
  deleted: boolean
}

export interface ReportedRecord {
  edge_id: string
  kind: ReportedItem['kind']
  key: string
  version: number
  state: ReportedItem['state']
  problem: string | null
  rule_hash: string | null
  result: ReportedItem['result'] | null
  reported_at: string
}
