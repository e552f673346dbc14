import type { DesiredItem } from '@jidoka/domain'
import { hanbit } from '../plant/hanbit.ts'
import { Plant } from '../plant/plant.ts'
import { siteDescription, tagCatalogue } from './catalogue.ts'
import { starterRules } from './rules.ts'

/** What an edge of this plant shall be on its first day: the site, its tags, and the starter rules. The same list at every call. */
export function desiredItems(): DesiredItem[] {
  const { sensors } = new Plant(hanbit, { seed: 0, startMs: 0 })
  return [
    { kind: 'site', key: 'site', version: 1, body: siteDescription(hanbit) },
    { kind: 'tag_catalogue', key: 'tags', version: 1, body: { tags: tagCatalogue(sensors) } },
    ...starterRules().map((body): DesiredItem => ({ kind: 'rule', key: body.id, version: body.version, body })),
  ]
}
