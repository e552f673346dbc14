import type { Clock } from '@jidoka/base'
import { desiredKinds, ruleProblemText } from '@jidoka/domain'
import type { CatalogueEntry, DesiredItem, DesiredKind, Policy, ReportedItem } from '@jidoka/domain'
import type { Judge } from '../judge/judge.ts'
import { recordText } from '../judge/record-text.ts'
import type { CommandOutcome, DesiredChange, StoredCommand, StoredUser, UnreadableItem } from '../ports.ts'
import { CommandStore } from '../store/command-store.ts'
import { meta } from '../store/database.ts'
import type { Database } from '../store/database.ts'
import type { JournalWriter } from '../store/journal-writer.ts'
import type { AdoptedTags } from './adopted-tags.ts'
import type { WentAhead } from './commands.ts'
import type { CommitDraft } from './commit-draft.ts'

export interface DesiredStateOptions {
  readonly database: Database
  readonly writer: JournalWriter
  readonly judge: Judge
  readonly clock: Clock
  readonly adopted: AdoptedTags
  /** Also after a start and after a commit that failed; null: none is desired. */
  readonly policyChanged: (policy: Policy | null) => void
}

/** As long as the commit of a slow disk; shorter, and filling the windows of each slice takes most of the time. */
const aheadSliceMs = 25

type Named = Pick<DesiredItem, 'kind' | 'key'>

/** What the cloud wants of this appliance, put in force in the commit that stores it, with a report of each item. */
export class DesiredState {
  readonly #options: DesiredStateOptions
  readonly #commands: CommandStore
  /** Rules of a change under way that have not had their turn, in reverse. */
  #ahead: DesiredItem[] = []

  constructor(options: DesiredStateOptions) {
    this.#options = options
    this.#commands = new CommandStore(options.database)
  }

  /** What is kept in memory of the desired state, from the store. */
  load(): void {
    this.#ahead = []
    const { adopted, policyChanged } = this.#options
    const catalogue = this.#item('tag_catalogue', 'tags')
    const { tags } = catalogue === null ? { tags: [] } : (JSON.parse(catalogue.body) as { tags: CatalogueEntry[] })
    adopted.catalogue(tags, null)
    const policy = this.#item('policy', 'policy')
    policyChanged(policy === null ? null : (JSON.parse(policy.body) as Policy))
  }

  /**
   * A slice of a change with many rules: what goes, and as many rules as there is time for, so that publishers are served in between. Each is in
   * force with its slice; a crash before `apply` leaves the position where it was, and the change comes again.
   */
  goAhead(change: DesiredChange | null, draft: CommitDraft): WentAhead {
    const { clock, judge } = this.#options
    const untilMs = clock.monotonicMs() + aheadSliceMs
    const removed = change === null ? [] : this.#removeAll(change, draft)
    if (change !== null) this.#ahead = change.upserts.filter(({ kind }) => kind === 'rule').toReversed()
    while (clock.monotonicMs() < untilMs) {
      const item = this.#ahead.pop()
      if (item === undefined) break
      this.#upsert(item, draft)
      judge.finish(draft)
    }
    return { isDone: this.#ahead.length === 0, removed }
  }

  apply(change: DesiredChange, draft: CommitDraft): readonly ReportedItem[] {
    const { writer, database } = this.#options
    const { upserts, unreadable = [], unnamedCount = 0, position, replaceAll } = change
    const reported = [...this.#removeAll(change, draft)]
    for (const item of upserts) reported.push(this.#upsert(item, draft))
    for (const item of unreadable) {
      const refused = this.#refuse(item, draft)
      if (refused !== null) reported.push(refused)
    }
    const before = JSON.parse(meta(database, 'desired_position') ?? 'null') as DesiredChange['position'] | null
    const isPartial = unreadable.length + unnamedCount > 0 || (!replaceAll && before?.isPartial === true)
    writer.desiredPosition({ ...position, ...(isPartial ? { isPartial } : {}) })
    for (const id of this.#commands.forget(draft.nowMs)) writer.reportedItemGone('command', id)
    return reported
  }

  /** False where the command is not in a state for it. What was only begun is told too: a command that is never heard of again began at least. */
  moveCommand(
    id: string,
    to: Omit<CommandOutcome, 'state'> & { readonly state: CommandOutcome['state'] | 'started' },
    draft: CommitDraft,
  ): boolean {
    const moved = this.#commands.move(id, to, draft.nowMs)
    if (moved === null) return false
    const reported = reportOf(moved)
    draft.reported(reported)
    // Taken back while it ran: the last word on the item is that it is gone.
    if (this.#item('command', id) === null)
      draft.reported({ ...reported, state: 'removed', problem: null, result: undefined })
    return true
  }

  /** What stands and is not named: by an item that can be read, or by one that cannot. */
  #missingFrom(named: readonly { readonly kind: string; readonly key: string }[]): readonly Named[] {
    const wanted = new Set(named.map(({ kind, key }) => `${kind}\n${key}`))
    return this.#options.database
      .prepare<[], { kind: DesiredKind; key: string }>('select kind, key from desired_items')
      .all()
      .filter(({ kind, key }) => !wanted.has(`${kind}\n${key}`))
  }

  #removeAll({ upserts, unreadable = [], removals, replaceAll }: DesiredChange, draft: CommitDraft): ReportedItem[] {
    const gone = replaceAll ? this.#missingFrom([...upserts, ...unreadable]) : removals
    return gone.flatMap((named) => this.#remove(named, draft) ?? [])
  }

  /** Whether the item is stored with this body, and what became of it was reported. */
  isAsStored({ kind, key, body }: Pick<DesiredItem, 'kind' | 'key' | 'body'>): boolean {
    const stored = this.#item(kind, key)
    return (
      stored !== null &&
      stored.body === JSON.stringify(body) &&
      this.#reported({ kind, key })?.version === stored.version
    )
  }

  #upsert(item: DesiredItem, draft: CommitDraft): ReportedItem {
    // After a fresh start of the shape everything comes again; what is as it was needs no second report.
    if (this.isAsStored(item)) {
      const known = this.#reported(item)
      if (known !== null && known.version === item.version) return known
    }
    this.#options.writer.desiredItem(item)
    const reported = this.#put(item, draft)
    draft.reported(reported)
    return reported
  }

  #put(item: DesiredItem, draft: CommitDraft): ReportedItem {
    const { judge, writer, adopted, policyChanged } = this.#options
    const applied: ReportedItem = {
      kind: item.kind,
      key: item.key,
      version: item.version,
      state: 'applied',
      problem: null,
      rule_hash: null,
    }
    switch (item.kind) {
      case 'rule': {
        if (item.body.id !== item.key) {
          return {
            ...applied,
            state: 'refused',
            problem: ruleProblemText('item_named', { key: item.key, rule: item.body.id }),
          }
        }
        const { problem, hash } = judge.deploy(item.body, draft)
        return {
          ...applied,
          state: problem === null ? 'applied' : 'refused',
          problem: problem === null ? null : recordText(problem),
          rule_hash: hash,
        }
      }
      case 'tag_catalogue':
        adopted.catalogue(item.body.tags, draft)
        return applied
      case 'user': {
        const { name, role, locale, password_hash: passwordHash } = item.body
        writer.user({ login: item.key, name, role, locale, passwordHash, origin: 'desired' } satisfies StoredUser)
        return applied
      }
      case 'policy':
        policyChanged(item.body)
        return applied
      case 'command':
        return reportOf(this.#commands.arrive(item.key, item.version, item.body, draft.nowMs))
      // A site and thresholds are shown by whoever reads them from the store: see board/catalogue.ts.
      default:
        return applied
    }
  }

  #remove({ kind, key }: Named, draft: CommitDraft): ReportedItem | null {
    const { writer, judge, adopted, policyChanged } = this.#options
    const stored = this.#item(kind, key)
    if (stored === null) return null
    writer.desiredItemGone(kind, key)
    if (kind === 'rule') judge.remove(key, draft)
    else if (kind === 'user') writer.userGone(key, 'desired')
    else if (kind === 'tag_catalogue') adopted.catalogue([], draft)
    else if (kind === 'policy') policyChanged(null)
    else if (kind === 'command') this.#commands.move(key, takenBack, draft.nowMs)
    const reported: ReportedItem = {
      kind,
      key,
      version: stored.version,
      state: 'removed',
      problem: null,
      rule_hash: null,
    }
    draft.reported(reported)
    return reported
  }

  /** What stands in its place goes on standing. Null where it cannot be reported (of a kind that has no name here), or is reported already. */
  #refuse(
    { kind: itsKind, key, version: itsVersion, problem }: UnreadableItem,
    draft: CommitDraft,
  ): ReportedItem | null {
    const kind = desiredKinds.find((known) => known === itsKind)
    if (kind === undefined) return null
    const version = Math.max(1, itsVersion)
    const refused: ReportedItem = {
      kind,
      key,
      version,
      state: 'refused',
      problem: recordText(problem),
      rule_hash: null,
    }
    const known = this.#reported({ kind, key })
    const isKnown = known?.version === version && known.state === 'refused' && known.problem === refused.problem
    if (!isKnown) draft.reported(refused)
    return refused
  }

  #item(kind: string, key: string): { version: number; body: string } | null {
    return (
      this.#options.database
        .prepare<[string, string], { version: number; body: string }>(
          'select version, body from desired_items where kind = ? and key = ?',
        )
        .get(kind, key) ?? null
    )
  }

  #reported({ kind, key }: Named): ReportedItem | null {
    const row = this.#options.database
      .prepare<[string, string], { body: string }>('select body from reported_items where kind = ? and key = ?')
      .get(kind, key)
    return row === undefined ? null : (JSON.parse(row.body) as ReportedItem)
  }
}

const takenBack = { state: 'expired', problem: 'It was taken back before it began.', result: null } as const

function reportOf({ id, version, state, problem, result }: StoredCommand): ReportedItem {
  return {
    kind: 'command',
    key: id,
    version,
    state,
    problem: problem === null ? null : recordText(problem),
    rule_hash: null,
    ...(result === null ? {} : { result }),
  }
}
