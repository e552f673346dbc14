import type { AdoptTagRequest, EdgeTag } from '@jidoka/contract'
import type { TagLimits } from '@jidoka/domain'

/** In the order in which they must rise. */
export const limitNames = ['low_low', 'low', 'high', 'high_high'] as const satisfies readonly (keyof TagLimits)[]
export type LimitName = (typeof limitNames)[number]

/** What stands in the form, as typed. */
export interface AdoptionFields extends Readonly<Record<LimitName, string>> {
  readonly nameKo: string
  readonly nameEn: string
  readonly unit: string
  readonly decimals: string
}

export type AdoptionMistake = 'needs_name' | 'needs_number' | 'needs_decimals' | 'must_rise'
export type AdoptionMistakes = Partial<Record<keyof AdoptionFields, AdoptionMistake>>

/** A discovered tag's name is its own code: a start to change. */
export function fieldsOf({ name, unit, decimals, limits }: EdgeTag): AdoptionFields {
  const limit = (of: LimitName) => (limits[of] === undefined ? '' : String(limits[of]))
  return {
    nameKo: name.ko,
    nameEn: name.en,
    unit,
    decimals: String(decimals),
    low_low: limit('low_low'),
    low: limit('low'),
    high: limit('high'),
    high_high: limit('high_high'),
  }
}

/** What is sent, or what is wrong with it by field. Limits are only of numbers; an empty one is none. */
export function readAdoption(
  tag: EdgeTag,
  fields: AdoptionFields,
): { readonly request: AdoptTagRequest } | { readonly mistakes: AdoptionMistakes } {
  const mistakes: AdoptionMistakes = {}
  const [ko, en] = [fields.nameKo.trim(), fields.nameEn.trim()]
  if (ko === '') mistakes.nameKo = 'needs_name'
  if (en === '') mistakes.nameEn = 'needs_name'
  const decimals = Number(fields.decimals)
  if (!/^[0-6]$/.test(fields.decimals.trim())) mistakes.decimals = 'needs_decimals'
  const limits: Partial<Record<LimitName, number>> = {}
  let highest = -Infinity
  for (const name of tag.kind === 'number' ? limitNames : []) {
    const text = fields[name].trim().replace(',', '.')
    if (text === '') continue
    const limit = Number(text)
    if (!Number.isFinite(limit)) mistakes[name] = 'needs_number'
    else if (limit <= highest) mistakes[name] = 'must_rise'
    else {
      limits[name] = limit
      highest = limit
    }
  }
  if (Object.keys(mistakes).length > 0) return { mistakes }
  const { key, stale_after_s } = tag
  return { request: { key, name: { ko, en }, unit: fields.unit.trim(), decimals, stale_after_s, limits } }
}
