import { z } from 'zod'

/** OPC UA's three classes of quality; the order is that of the two bits in a status code and of the byte in a segment. */
export const qualities = ['good', 'uncertain', 'bad'] as const
export const qualitySchema = z.enum(qualities)
export type Quality = z.infer<typeof qualitySchema>

/** 1,024: text readings are states and codes; a longer one is a document and belongs elsewhere. */
export const textValueLengthMax = 1_024

export const valueSchema = z.union([z.number(), z.boolean(), z.string().max(textValueLengthMax)])
/** What a sensor says: a finite number, a state, or a short text. */
export type Value = z.infer<typeof valueSchema>

export const valueKinds = ['number', 'boolean', 'text'] as const
export const valueKindSchema = z.enum(valueKinds)
export type ValueKind = z.infer<typeof valueKindSchema>

export function valueKindOf(value: Value): ValueKind {
  return typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text'
}

/** One value of one tag. Its unit is the tag's: a reading in another unit is refused on its way in. */
export interface Reading {
  /** The edge's number of the tag, see TagDefinition. */
  readonly tagNo: number
  /** Source time, milliseconds since 1970 UTC. */
  readonly timeMs: number
  readonly value: Value
  readonly quality: Quality
}
