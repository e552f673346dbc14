import type { CatalogueEntry, DesiredItem, FactoryEvent, ReportedItem } from '@jidoka/domain'
import type { Judge } from '../judge/judge.ts'
import { recordText } from '../judge/record-text.ts'
import type { Damage } from '../keeping/set-aside.ts'
import type { DesiredChange, LineFacts, StoredUser } from '../ports.ts'
import { BrokerWriter } from '../store/broker-writer.ts'
import type { Database } from '../store/database.ts'
import type { JournalWriter } from '../store/journal-writer.ts'
import { SegmentReplacer } from '../store/segment-replacer.ts'
import { AdoptedTags } from './adopted-tags.ts'
import type { Command, CommandAnswer } from './commands.ts'
import type { CommitDraft } from './commit-draft.ts'
import type { Deliveries } from './deliveries.ts'
import { ingestLimits } from './limits.ts'
import { factsAfter } from './line-facts.ts'
import type { TagRegistry } from './tag-registry.ts'
import { timeTooFar } from './time-too-far.ts'

export interface CommandHandlerOptions {
  readonly database: Database
  readonly writer: JournalWriter
  readonly judge: Judge
  readonly tags: TagRegistry
  /** Facts by line; changed in place. */
  readonly facts: Map<string, LineFacts>
  readonly deliveries: Deliveries
  readonly catalogueChanged: () => void
  /** False when what was reported as damaged is whole. */
  readonly setAside: (damage: Damage, draft: CommitDraft) => boolean
}

/** Does what is asked of the journal beside readings. Runs inside the commit of its flight. */
export class CommandHandler {
  readonly #options: CommandHandlerOptions
  readonly #broker: BrokerWriter
  readonly #segments: SegmentReplacer
  readonly #adopted: AdoptedTags

  constructor(options: CommandHandlerOptions) {
    this.#options = options
    this.#broker = new BrokerWriter(options.database)
    this.#segments = new SegmentReplacer(options.database)
    this.#adopted = new AdoptedTags({
      database: options.database,
      tags: options.tags,
      changed: options.catalogueChanged,
    })
  }

  handle(command: Exclude<Command, { kind: 'prepare_windows' }>, draft: CommitDraft): CommandAnswer {
    const { writer, judge } = this.#options
    switch (command.kind) {
      case 'record_events':
        writer.connectorPosition(command.position)
        return { stored: command.events.filter((event) => this.#event(event, draft)).length }
      case 'change_alarm': {
        const outcome = judge.actOnAlarm(command.alarmId, command.action, command.actor, draft)
        if ('done' in outcome) {
          draft.record({
            at_ms: draft.nowMs,
            kind: 'audit',
            body: { actor: command.actor, action: `alarm.${command.action}`, subject: command.alarmId, detail: {} },
          })
        }
        return outcome
      }
      case 'adopt_tag':
        return this.#adopted.adopt(command.entry, command.actor, draft)
      case 'withdraw_tag':
        return this.#adopted.withdraw(command.key, command.actor, draft)
      case 'apply_desired':
        return this.#desired(command.change, draft)
      case 'store_receipt':
        writer.receipt(command.receipt)
        return undefined
      case 'forget_receipt':
        writer.receiptGone(command.lane)
        return undefined
      case 'append_record':
        draft.record(command.record)
        return undefined
      case 'save_user':
        writer.user(command.user)
        return undefined
      case 'save_setting':
        writer.setting(command.name, command.value)
        return undefined
      case 'broker':
        for (const change of command.changes) {
          this.#broker.apply(change)
          this.#options.deliveries.brokerChanged(change)
        }
        return undefined
      case 'note_sent':
        this.#segments.noteSent(command.upToSeq)
        return undefined
      case 'replace_segments':
        return this.#segments.replace(command.merged)
      case 'set_aside':
        return this.#options.setAside(command.damage, draft)
      default:
        return judge.rules()
    }
  }

  /** What the stored catalogue says of tags, after a start. */
  loadCatalogue(): void {
    const stored = this.#item('tag_catalogue', 'tags')
    const { tags } = stored === null ? { tags: [] } : (JSON.parse(stored.body) as { tags: CatalogueEntry[] })
    this.#adopted.catalogue(tags, null)
  }

  /** True when the event is new and was stored. */
  #event(event: FactoryEvent, draft: CommitDraft): boolean {
    const { writer, judge, facts } = this.#options
    if (!writer.seenEvent(event.source, event.source_key, draft.nowMs)) return false
    if (event.occurred_at_ms > draft.nowMs + ingestLimits.futureMsMax) {
      draft.deadLetter({
        atMs: draft.nowMs,
        source: event.source,
        topic: `${event.type} of ${event.line}`,
        reason: 'time_too_far',
        detail: timeTooFar(event.occurred_at_ms, draft.nowMs, `the time of the row ${event.source_key},`, 'the MES'),
        sample: JSON.stringify(event).slice(0, ingestLimits.sampleLengthMax),
      })
      return false
    }
    draft.record({ at_ms: draft.nowMs, kind: 'event', body: event })
    const after = factsAfter(facts.get(event.line), event, draft.nowMs)
    if (after === null) return true
    facts.set(event.line, after)
    draft.facts.set(event.line, after)
    if (event.type === 'production_count') judge.noteProduction(event.line, draft)
    return true
  }

  #desired(change: DesiredChange, draft: CommitDraft): readonly ReportedItem[] {
    const { writer } = this.#options
    const reported: ReportedItem[] = []
    const removals = change.replaceAll ? this.#missingFrom(change.upserts) : change.removals
    for (const { kind, key } of removals) {
      const item = this.#remove(kind, key, draft)
      if (item !== null) reported.push(item)
    }
    for (const item of change.upserts) reported.push(this.#upsert(item, draft))
    writer.desiredPosition(change.position)
    return reported
  }

  #missingFrom(upserts: readonly DesiredItem[]): readonly { kind: DesiredItem['kind']; key: string }[] {
    const wanted = new Set(upserts.map(({ kind, key }) => `${kind}\n${key}`))
    return this.#options.database
      .prepare<[], { kind: DesiredItem['kind']; key: string }>('select kind, key from desired_items')
      .all()
      .filter(({ kind, key }) => !wanted.has(`${kind}\n${key}`))
  }

  #upsert(item: DesiredItem, draft: CommitDraft): ReportedItem {
    const stored = this.#item(item.kind, item.key)
    // After a fresh start of the shape everything comes again; what is as it was needs no second report.
    if (stored !== null && stored.version === item.version && stored.body === JSON.stringify(item.body)) {
      const known = this.#reported(item.kind, item.key)
      if (known !== null) return known
    }
    this.#options.writer.desiredItem(item)
    const reported = this.#apply(item, draft)
    draft.reported(reported)
    return reported
  }

  #apply(item: DesiredItem, draft: CommitDraft): ReportedItem {
    const { judge, writer } = this.#options
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
            problem: `The item is named "${item.key}" and holds the rule "${item.body.id}".`,
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
        this.#adopted.catalogue(item.body.tags, draft)
        return applied
      case 'user': {
        const { name, role, locale, password_hash: passwordHash } = item.body
        writer.user({ login: item.key, name, role, locale, passwordHash, origin: 'desired' } satisfies StoredUser)
        return applied
      }
      default:
        return applied
    }
  }

  #remove(kind: DesiredItem['kind'], key: string, draft: CommitDraft): ReportedItem | null {
    const { writer, judge } = this.#options
    const stored = this.#item(kind, key)
    if (stored === null) return null
    writer.desiredItemGone(kind, key)
    if (kind === 'rule') judge.remove(key, draft)
    else if (kind === 'user') writer.userGone(key, 'desired')
    else if (kind === 'tag_catalogue') this.#adopted.catalogue([], draft)
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

  #item(kind: string, key: string): { version: number; body: string } | null {
    return (
      this.#options.database
        .prepare<[string, string], { version: number; body: string }>(
          'select version, body from desired_items where kind = ? and key = ?',
        )
        .get(kind, key) ?? null
    )
  }

  #reported(kind: string, key: string): ReportedItem | null {
    const row = this.#options.database
      .prepare<[string, string], { body: string }>('select body from reported_items where kind = ? and key = ?')
      .get(kind, key)
    return row === undefined ? null : (JSON.parse(row.body) as ReportedItem)
  }
}
