import { z } from 'zod'

// What both user interfaces say and hear of courier files. How such a file looks inside is in sync/protocol/src/courier.

/** The media type of a courier file, in requests and answers. */
export const courierMediaType = 'application/vnd.jidoka.courier'
/** The file's id, on the answer that carries the file. */
export const courierFileHeader = 'jidoka-courier-file'
/** Pieces that a file is sent to the cloud in: small enough for a minute on a slow line, large enough that 4 GiB are a thousand. */
export const courierPieceBytes = 4 * 1024 * 1024

const stretchSchema = z.object({ from_seq: z.number().int(), to_seq: z.number().int() })

/** Query of `GET /api/v1/courier/export` on an edge. */
export const courierExportQuerySchema = z.object({
  /** The file ends before it would grow beyond; the rest is in a next one. */
  max_bytes: z.coerce.number().int().positive().optional(),
  /** First number of each lane; absent: behind the last receipt. */
  from_records: z.coerce.number().int().positive().optional(),
  from_readings: z.coerce.number().int().positive().optional(),
})

/** A file that an edge has written to its end. */
export const courierExportSchema = z.object({
  file_id: z.string(),
  created_at: z.string(),
  bytes: z.number().int(),
  records: stretchSchema.nullable(),
  readings: stretchSchema.nullable(),
  /** Rows behind it that are in no file yet: go on with `from_records` and `from_readings` behind it. */
  has_more: z.boolean(),
})
export type CourierExport = z.infer<typeof courierExportSchema>

/** What an edge made of a file of the cloud. */
export const courierImportSchema = z.object({
  file_id: z.string(),
  created_at: z.string(),
  /** `applied`: the desired state of the file is in force. `current`: it was already. */
  desired: z.enum(['applied', 'current']),
  items: z.number().int(),
  /** A sentence for each item that was refused. */
  problems: z.array(z.string()),
  receipts: z.array(
    z.object({
      lane: z.enum(['records', 'readings']),
      up_to_seq: z.number().int(),
      /** `stored`: rows up to here are in the cloud. `known`: nothing new. `at_work`: the line hears the same in a moment. `in_doubt`: rows of it are gone here, and whose they are nobody here can tell. The others are not taken; `diverged` needs a person. */
      outcome: z.enum(['stored', 'known', 'at_work', 'in_doubt', 'other_epoch', 'forged', 'diverged']),
    }),
  ),
})
export type CourierImport = z.infer<typeof courierImportSchema>

/** States of a file that is sent to the cloud. `waiting`: rows before it are missing; it goes on by itself when they come. */
export const courierFileStates = ['receiving', 'checking', 'applying', 'waiting', 'done', 'refused'] as const
export type CourierFileState = (typeof courierFileStates)[number]

export const courierFileSchema = z.object({
  file_id: z.string(),
  edge_id: z.string(),
  edge_name: z.string(),
  state: z.enum(courierFileStates),
  /** What happened to it, in a sentence: what to do where something is to be done. */
  problem: z.string().nullable(),
  bytes: z.number().int(),
  pieces: z.number().int(),
  /** Of those, which are not here yet; at most 1,000 are named. */
  pieces_missing: z.array(z.number().int()),
  batches_applied: z.number().int(),
  batches: z.number().int().nullable(),
  /** Rows that were not here before. */
  rows_new: z.number().int(),
  records: stretchSchema.nullable(),
  readings: stretchSchema.nullable(),
  created_at: z.string(),
  begun_at: z.string(),
  begun_by: z.string(),
  ended_at: z.string().nullable(),
})
export type CourierFile = z.infer<typeof courierFileSchema>

/** Query of `POST /api/v1/fleet/courier`, whose body is the first piece of the file. The same file again goes on where it was. */
export const courierBeginQuerySchema = z.object({ bytes: z.coerce.number().int().positive() })
