import type { Clock } from '@jidoka/base'
import type { FactoryEvent, Policy, RuleDefinition } from '@jidoka/domain'
import type { Judge } from '../judge/judge.ts'
import type { Damage } from '../keeping/set-aside.ts'
import type { LineFacts } from '../ports.ts'
import { BrokerWriter } from '../store/broker-writer.ts'
import type { Database } from '../store/database.ts'
import type { JournalWriter } from '../store/journal-writer.ts'
import { LineWriter } from '../store/line-writer.ts'
import { SegmentReplacer } from '../store/segment-replacer.ts'
import { AdoptedTags } from './adopted-tags.ts'
import type { Command, CommandAnswer } from './commands.ts'
import type { CommitDraft } from './commit-draft.ts'
import type { Deliveries } from './deliveries.ts'
import { beginEpoch, poisonRecord } from './epoch-records.ts'
import { DesiredState } from './desired-state.ts'
import { ingestLimits } from './limits.ts'
import { factsAfter } from './line-facts.ts'
import type { TagRegistry } from './tag-registry.ts'
import { timeTooFar } from './time-too-far.ts'

export interface CommandHandlerOptions {
  readonly database: Database
  readonly writer: JournalWriter
  readonly judge: Judge
  readonly clock: Clock
  readonly tags: TagRegistry
  /** Facts by line; changed in place. */
  readonly facts: Map<string, LineFacts>
  readonly deliveries: Deliveries
  readonly catalogueChanged: () => void
  readonly policyChanged: (policy: Policy | null) => void
  /** False when what was reported as damaged is whole. */
  readonly setAside: (damage: Damage, draft: CommitDraft) => boolean
}

/** Does what is asked of the journal beside readings. Runs inside the commit of its flight. */
export class CommandHandler {
  readonly #options: CommandHandlerOptions
  readonly #broker: BrokerWriter
  readonly #segments: SegmentReplacer
  readonly #adopted: AdoptedTags
  readonly #line: LineWriter
  readonly #desired: DesiredState

  constructor(options: CommandHandlerOptions) {
    this.#options = options
    this.#broker = new BrokerWriter(options.database)
    this.#segments = new SegmentReplacer(options.database)
    this.#line = new LineWriter(options.database)
    this.#adopted = new AdoptedTags({
      database: options.database,
      tags: options.tags,
      changed: options.catalogueChanged,
    })
    this.#desired = new DesiredState({ ...options, adopted: this.#adopted })
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
        return this.#desired.apply(command.change, draft)
      case 'go_ahead':
        return this.#desired.goAhead(command.change, draft)
      case 'start_command':
        return this.#desired.moveCommand(command.id, { state: 'started', problem: null, result: null }, draft)
      case 'settle_command':
        return this.#desired.moveCommand(command.id, command.outcome, draft)
      case 'store_receipt':
        this.#line.receipt(command.receipt, command.counted)
        return undefined
      case 'forget_receipt':
        this.#line.receiptGone(command.lane)
        return undefined
      case 'append_record': {
        const { record } = command
        draft.record(record)
        if (record.kind === 'outage' && record.body.receipted !== undefined)
          this.#line.keepReceipts(record.body.receipted)
        return undefined
      }
      case 'note_poison':
        this.#line.poison(command.poison, draft.nowMs)
        draft.record(poisonRecord(command.poison, draft.nowMs))
        return undefined
      case 'begin_epoch':
        beginEpoch(this.#options.database, command.begin, draft)
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

  /** Of these rules, those that a change would put in force: not what is stored as it is, and may have been refused. */
  news(definitions: readonly RuleDefinition[]): readonly RuleDefinition[] {
    return definitions.filter((body) => !this.#desired.isAsStored({ kind: 'rule', key: body.id, body }))
  }

  /** What the store says that is desired, after a start. */
  loadDesired(): void {
    this.#desired.load()
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
}
