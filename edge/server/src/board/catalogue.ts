import type { Board } from '@jidoka/contract'
import type {
  CatalogueEntry,
  DesiredItem,
  LocalText,
  RuleDefinition,
  SiteDescription,
  TagDefinition,
  TagLimits,
} from '@jidoka/domain'
import { parseTagKey } from '@jidoka/domain'

/** What a tag looks like on screens: from the catalogue, or made from its own code while it waits for adoption. */
export interface TagFace {
  readonly line: string
  readonly equipment: string | null
  readonly sensor: string
  readonly name: LocalText
  readonly kind: CatalogueEntry['kind']
  readonly unit: string
  readonly decimals: number
  readonly stale_after_s: number
  readonly limits: NonNullable<CatalogueEntry['limits']>
  readonly adopted: boolean
  /** Adopted on this appliance, and not named by the cloud's catalogue. */
  readonly adoptedHere: boolean
}

const discoveredFace = { decimals: 2, stale_after_s: 30, limits: {} }

/** The desired state and what was adopted here, as the board needs it: names of the site, of lines, of rules, and faces of tags. */
export class Catalogue {
  readonly site: Pick<SiteDescription, 'name' | 'time_zone'>
  readonly #lines: SiteDescription['lines']
  readonly #entries: ReadonlyMap<string, CatalogueEntry>
  readonly #here: ReadonlyMap<string, CatalogueEntry>
  readonly #rules: ReadonlyMap<string, RuleDefinition>
  readonly #limits: ReadonlyMap<string, TagLimits>

  constructor(
    desired: readonly DesiredItem[],
    here: readonly CatalogueEntry[],
    fallback: { readonly site: string; readonly timeZone: string },
  ) {
    const site = desired.find((item) => item.kind === 'site')?.body
    this.site = { name: site?.name ?? sameText(fallback.site), time_zone: site?.time_zone ?? fallback.timeZone }
    this.#lines = site?.lines ?? []
    const tags = desired.find((item) => item.kind === 'tag_catalogue')?.body.tags ?? []
    this.#entries = new Map(tags.map((entry) => [entry.key, entry]))
    this.#here = new Map(here.map((entry) => [entry.key, entry]))
    const thresholds = desired.find((item) => item.kind === 'thresholds')?.body.tags ?? []
    this.#limits = new Map(thresholds.map(({ key, limits }) => [key, limits]))
    this.#rules = new Map(desired.flatMap((item) => (item.kind === 'rule' ? [[item.key, item.body] as const] : [])))
  }

  /** Keys of the catalogue, whether or not a reading has come. */
  get keys(): Iterable<string> {
    return this.#entries.keys()
  }

  ruleName(ruleId: string): LocalText {
    return this.#rules.get(ruleId)?.name ?? sameText(ruleId)
  }

  /** Null for a key that names no place. Thresholds stand in the place of the limits that an entry has, also of a tag that nobody has adopted. */
  face(key: string, definition: TagDefinition | undefined): TagFace | null {
    const place = parseTagKey(key)
    if (place === null) return null
    const ofCloud = this.#entries.get(key)
    const entry = ofCloud ?? this.#here.get(key)
    if (entry) {
      const { name, kind, unit, decimals, stale_after_s } = entry
      const limits = this.#limits.get(key) ?? entry.limits ?? {}
      const adoptedHere = ofCloud === undefined
      return { ...place, name, kind, unit, decimals, stale_after_s, limits, adopted: true, adoptedHere }
    }
    const name = sameText(place.equipment === null ? place.sensor : `${place.equipment} ${place.sensor}`)
    return {
      ...place,
      name,
      kind: definition?.kind ?? 'number',
      unit: definition?.unit ?? '',
      ...discoveredFace,
      limits: this.#limits.get(key) ?? discoveredFace.limits,
      adopted: false,
      adoptedHere: false,
    }
  }

  /** Lines in the order of the site's description, then those that only readings or the MES know. */
  lines(seen: Iterable<string>): Pick<Board['lines'][number], 'code' | 'area' | 'name'>[] {
    const described = new Set(this.#lines.map((line) => line.code))
    const others = [...new Set(seen)].filter((code) => !described.has(code)).sort()
    return [...this.#lines, ...others.map((code) => ({ code, area: null, name: sameText(code) }))]
  }
}

const sameText = (text: string): LocalText => ({ ko: text, en: text })
