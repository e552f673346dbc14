import type { CatalogueEntry, TagDefinition, TagPlace, ValueKind } from '@jidoka/domain'
import { tagKey } from '@jidoka/domain'
import type { Tag } from '../judge/plant.ts'
import { ingestLimits } from './limits.ts'

/** The tags of this epoch and what the catalogue says of them. A tag gets its number at its first reading and keeps it. */
export class TagRegistry {
  readonly #byKey = new Map<string, Tag>()
  readonly #byNo = new Map<number, Tag>()
  #catalogue = new Map<string, CatalogueEntry>()
  /** By line: how many of its tags nobody has adopted. */
  readonly #waiting = new Map<string, number>()
  #nextNo = 1

  restore(definitions: readonly TagDefinition[], places: (key: string) => TagPlace | null): void {
    this.#byKey.clear()
    this.#byNo.clear()
    this.#waiting.clear()
    this.#nextNo = 1
    for (const { tag_no, key, kind, unit } of definitions) {
      const place = places(key)
      if (place === null) throw new Error(`the stored tag ${key} names no place`)
      this.#keep({ tagNo: tag_no, key, place, kind, unit, last: undefined, lastIsDirty: false, windows: undefined })
    }
  }

  get count(): number {
    return this.#byKey.size
  }

  tag(key: string): Tag | undefined {
    return this.#byKey.get(key)
  }

  tagByNo(tagNo: number): Tag | undefined {
    return this.#byNo.get(tagNo)
  }

  all(): Iterable<Tag> {
    return this.#byKey.values()
  }

  /** The unit and kind that the catalogue gives to a tag not seen yet. */
  expected(key: string): Pick<CatalogueEntry, 'kind' | 'unit'> | undefined {
    return this.#catalogue.get(key)
  }

  /** Why a tag not seen yet is not let in; null lets it in, as it does whatever the catalogue names. */
  whyNotAdmitted(key: string, { line }: TagPlace): string | null {
    if (this.#catalogue.has(key)) return null
    const remedy = 'adopt those that are right on the page Tags or in the tag catalogue, and mend what makes up topics'
    const { tagsMax, waitingTagsOfLineMax } = ingestLimits
    if ((this.#waiting.get(line) ?? 0) >= waitingTagsOfLineMax)
      return `of line "${line}" ${waitingTagsOfLineMax} discovered tags wait for adoption, which is the most of a line: ${remedy}`
    if (this.#byKey.size < tagsMax) return null
    return `there are ${tagsMax} tags already, and no tag catalogue names "${key}" of line "${line}": name it there, and mend what makes up topics`
  }

  /** A new tag with the next number. */
  add(place: TagPlace, kind: ValueKind, unit: string): Tag {
    const tag: Tag = {
      tagNo: this.#nextNo,
      key: tagKey(place),
      place,
      kind,
      unit,
      last: undefined,
      lastIsDirty: false,
      windows: undefined,
    }
    this.#keep(tag)
    return tag
  }

  /** Takes over a catalogue; answers the tags whose kind or unit it sets right. */
  adopt(entries: readonly CatalogueEntry[]): readonly Tag[] {
    this.#catalogue = new Map(entries.map((entry) => [entry.key, entry]))
    const changed: Tag[] = []
    for (const entry of entries) {
      const tag = this.#byKey.get(entry.key)
      if (tag === undefined || (tag.kind === entry.kind && tag.unit === entry.unit)) continue
      tag.kind = entry.kind
      tag.unit = entry.unit
      changed.push(tag)
    }
    this.#waiting.clear()
    for (const tag of this.#byKey.values()) this.#countWaiting(tag)
    return changed
  }

  #keep(tag: Tag): void {
    this.#byKey.set(tag.key, tag)
    this.#byNo.set(tag.tagNo, tag)
    this.#nextNo = Math.max(this.#nextNo, tag.tagNo + 1)
    this.#countWaiting(tag)
  }

  #countWaiting({ key, place: { line } }: Tag): void {
    if (!this.#catalogue.has(key)) this.#waiting.set(line, (this.#waiting.get(line) ?? 0) + 1)
  }
}

export const definitionOf = (tag: Tag): TagDefinition => ({
  tag_no: tag.tagNo,
  key: tag.key,
  kind: tag.kind,
  unit: tag.unit,
})
