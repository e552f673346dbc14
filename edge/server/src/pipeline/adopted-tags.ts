import { catalogueEntrySchema } from '@jidoka/domain'
import type { CatalogueEntry } from '@jidoka/domain'
import type { AdoptionOutcome } from '../ports.ts'
import type { Database } from '../store/database.ts'
import type { CommitDraft } from './commit-draft.ts'
import { definitionOf } from './tag-registry.ts'
import type { TagRegistry } from './tag-registry.ts'

export interface AdoptedTagsOptions {
  readonly database: Database
  readonly tags: TagRegistry
  /** What is remembered of topics may be wrong now. */
  readonly changed: () => void
}

/**
 * The catalogue as the journal goes by it: the cloud's entries, and for keys that those do not name the ones that people
 * made on the appliance. Belongs inside the commit of its flight, like every write.
 */
export class AdoptedTags {
  readonly #options: AdoptedTagsOptions
  readonly #statements
  #ofCloud: readonly CatalogueEntry[] = []

  constructor(options: AdoptedTagsOptions) {
    this.#options = options
    this.#statements = prepareAll(options.database)
  }

  /** Takes over the cloud's catalogue; at a start without a draft, since nothing changes then. */
  catalogue(entries: readonly CatalogueEntry[], draft: CommitDraft | null): void {
    this.#ofCloud = entries
    this.#apply(draft)
    this.#options.changed()
  }

  /** The kind stays what the readings are. */
  adopt(entry: CatalogueEntry, actor: string, draft: CommitDraft): AdoptionOutcome {
    const tag = this.#options.tags.tag(entry.key)
    if (tag === undefined) return { unknown: true }
    if (this.#isOfCloud(entry.key)) return { refused: 'in_catalogue' }
    const adopted: CatalogueEntry = { ...entry, kind: tag.kind }
    this.#statements.adopt.run(entry.key, JSON.stringify(adopted))
    const { name, unit, decimals, limits = {} } = adopted
    const detail: Record<string, string | number> = { name_ko: name.ko, name_en: name.en, unit, decimals }
    for (const [limit, value] of Object.entries(limits)) if (value !== undefined) detail[limit] = value
    draft.record({
      at_ms: draft.nowMs,
      kind: 'audit',
      body: { actor, action: 'tag.adopt', subject: entry.key, detail },
    })
    const unitBefore = tag.unit
    this.#apply(draft)
    // Said again also where nothing about it has changed, so that whoever shows it asks for its name.
    if (unitBefore === tag.unit) draft.tagDefined(definitionOf(tag))
    this.#options.changed()
    return { adopted }
  }

  /** False where nobody had adopted it here. The tag and its readings stay. */
  withdraw(key: string, actor: string, draft: CommitDraft): boolean {
    if (this.#statements.withdraw.run(key).changes === 0) return false
    draft.record({
      at_ms: draft.nowMs,
      kind: 'audit',
      body: { actor, action: 'tag.withdraw', subject: key, detail: {} },
    })
    this.#apply(draft)
    const tag = this.#options.tags.tag(key)
    if (tag !== undefined) draft.tagDefined(definitionOf(tag))
    this.#options.changed()
    return true
  }

  #apply(draft: CommitDraft | null): void {
    const here = this.#statements.all
      .all()
      .map(({ body }) => catalogueEntrySchema.parse(JSON.parse(body)))
      .filter(({ key }) => !this.#isOfCloud(key))
    const changed = this.#options.tags.adopt([...this.#ofCloud, ...here])
    if (draft !== null) for (const tag of changed) draft.tagDefined(definitionOf(tag))
  }

  #isOfCloud(key: string): boolean {
    return this.#ofCloud.some((entry) => entry.key === key)
  }
}

function prepareAll(database: Database) {
  return {
    all: database.prepare<[], { body: string }>('select body from adopted_tags'),
    adopt: database.prepare<[string, string]>('insert or replace into adopted_tags values (?, ?)'),
    withdraw: database.prepare<[string]>('delete from adopted_tags where key = ?'),
  }
}
