import type { Clock } from '@jidoka/base'
import { parseTagKey } from '@jidoka/domain'
import type { Alarm, RuleDefinition, TagDefinition } from '@jidoka/domain'
import { SegmentBuilder } from '@jidoka/sync-protocol'
import { Judge } from '../judge/judge.ts'
import type { RuleRunner } from '../judge/rule-runner.ts'
import type { Committed, LineFacts, RuleInForce } from '../ports.ts'
import { closeInOrder, openForWriting } from '../store/database.ts'
import type { OpenedDatabase } from '../store/database.ts'
import { toStoreProblem } from '../store/errors.ts'
import { JournalWriter } from '../store/journal-writer.ts'
import type { StandingRow } from '../store/journal-writer.ts'
import { loadLastValues } from '../store/last-values.ts'
import type { LastValue } from '../store/last-values.ts'
import { CommandHandler } from './command-handler.ts'
import type { Command, CommandAnswer } from './commands.ts'
import { CommitDraft } from './commit-draft.ts'
import { FlightReader } from './flight.ts'
import type { Flight } from './flight.ts'
import { Intake } from './intake.ts'
import type { SegmentInProgress } from './intake.ts'
import { ingestLimits } from './limits.ts'
import { TagRegistry } from './tag-registry.ts'

export interface JournalOptions {
  readonly dataFolder: string
  readonly tenantId: string
  readonly clock: Clock
  readonly runner: RuleRunner
  /** SQLite's `max_page_count`: a bound on the database, after which it is full. */
  readonly pageCountMax?: number | undefined
}

const journalLimits = {
  /** Last values go to their columns this often; a restart reads the segments since then, some 100,000 readings at most at full load. */
  checkpointMs: 10_000,
  /** Bytes that a probe writes to see whether the disk takes a flight again. */
  probeBytes: 256 * 1024,
  /** A connector's overlap is minutes and a repaired MES may send a week again; older keys are forgotten so that the table stays small. */
  seenEventsMs: 30 * 86_400_000,
  seenEventsPruneMs: 3_600_000,
} as const

export interface FlightOutcome {
  readonly committed: Committed | null
  readonly answers: readonly CommandAnswer[]
}

/**
 * The one writer: store, tags, rules and their state. Lives in the worker; knows no threads. What is in memory is always
 * what the store holds: when a commit fails, everything is loaded anew, by the same code as after a crash.
 */
export class Journal {
  readonly epoch: string
  readonly found: string | null
  readonly #clock: Clock
  readonly #database: OpenedDatabase['database']
  readonly #writer: JournalWriter
  readonly #tags = new TagRegistry()
  readonly #facts = new Map<string, LineFacts>()
  readonly #judge: Judge
  readonly #intake: Intake
  readonly #commands: CommandHandler
  readonly #flights = new FlightReader()
  readonly #builder = new SegmentBuilder()
  #nextReadingSeq = 1
  #nextRecordSeq = 1
  #checkpointAtMs: number
  #pruneAtMs = 0

  /** @throws JournalOpenError */
  constructor(options: JournalOptions) {
    const opened = openForWriting(options.dataFolder, options.clock.nowMs())
    this.#database = opened.database
    this.epoch = opened.epoch
    this.found = opened.found
    this.#clock = options.clock
    if (options.pageCountMax !== undefined) this.limitPages(options.pageCountMax)
    this.#writer = new JournalWriter(this.#database)
    this.#judge = new Judge(options.runner, {
      tag: (key) => this.#tags.tag(key),
      facts: (line) => this.#facts.get(line),
    })
    this.#intake = new Intake({ tenantId: options.tenantId, tags: this.#tags, judge: this.#judge })
    this.#commands = new CommandHandler({
      database: this.#database,
      writer: this.#writer,
      judge: this.#judge,
      tags: this.#tags,
      facts: this.#facts,
      catalogueChanged: () => this.#intake.forgetTopics(),
    })
    this.#checkpointAtMs = options.clock.monotonicMs() + journalLimits.checkpointMs
    this.#load()
  }

  /** Lowers or lifts the bound of the database's size, in pages of 4 KiB. */
  limitPages(pageCountMax: number): void {
    this.#database.pragma(`max_page_count = ${pageCountMax}`)
  }

  /**
   * Stores and judges the messages of a flight and does the commands behind them, all in one commit.
   * @throws StoreProblemError when the store cannot keep it; then nothing of it happened.
   */
  apply(flight: Flight | null, commands: readonly Command[]): FlightOutcome {
    const startMs = this.#clock.monotonicMs()
    const draft = new CommitDraft(this.#clock.nowMs())
    const answers: CommandAnswer[] = []
    if (flight !== null) this.#flights.learn(flight)
    this.#commit(draft, flight !== null || commands.some((command) => command.kind !== 'rules'), () => {
      if (flight !== null) this.#takeIn(flight, draft)
      // Before a command may put another version of a rule in force: what came first is judged by the one that was.
      this.#judge.finish(draft)
      for (const command of commands) {
        answers.push(this.#commands.handle(command, draft))
        this.#judge.finish(draft)
      }
    })
    return { committed: this.#told(draft, commands.length > 0, startMs), answers }
  }

  /** A flight that is answered without being tried: only its names are taken over, since later flights use them. */
  skip(flight: Flight | null): void {
    if (flight !== null) this.#flights.learn(flight)
  }

  /** What the passing of time changes: silence, cool-downs; and the housekeeping of the store. To be called every second. */
  sweep(): Committed | null {
    const startMs = this.#clock.monotonicMs()
    const draft = new CommitDraft(this.#clock.nowMs())
    this.#judge.sweep(draft)
    const checkpointIsDue = startMs >= this.#checkpointAtMs
    if (draft.isEmpty && !checkpointIsDue) return null
    this.#commit(draft, true, () => {
      if (checkpointIsDue) this.#checkpoint(draft.nowMs)
    })
    return this.#told(draft, false, startMs)
  }

  /** Whether the disk takes data again. @throws StoreProblemError */
  probe(): void {
    try {
      this.#writer.probe(journalLimits.probeBytes)
    } catch (error) {
      throw toStoreProblem(error) ?? error
    }
  }

  rules(): readonly RuleInForce[] {
    return this.#judge.rules()
  }

  /** Puts what is only in memory on disk and marks the folder as closed in order. */
  close(): void {
    try {
      this.#commit(new CommitDraft(this.#clock.nowMs()), true, () => this.#checkpoint(this.#clock.nowMs()))
      closeInOrder(this.#database)
    } catch (error) {
      // With a full disk the folder stays marked as open: the next start checks it, and nothing acknowledged is lost.
      if (this.#database.open) this.#database.close()
      if (toStoreProblem(error) === null) throw error
    }
  }

  /** Lets go of the folder as a crash would: nothing is put in order. */
  abandon(): void {
    this.#database.close()
  }

  #takeIn(flight: Flight, draft: CommitDraft): void {
    const segment: SegmentInProgress = {
      builder: this.#builder,
      firstSeq: this.#nextReadingSeq,
      fromMs: Infinity,
      toMs: -Infinity,
      flush: () => {
        const { count } = this.#builder
        if (count === 0) return
        this.#writer.segment(
          segment.firstSeq,
          count,
          draft.nowMs,
          segment.fromMs,
          segment.toMs,
          this.#builder.encode(segment.firstSeq, draft.nowMs),
        )
        this.#builder.reset()
        segment.firstSeq += count
        segment.fromMs = Infinity
        segment.toMs = -Infinity
      },
    }
    this.#builder.reset()
    this.#flights.read(flight, (topicNo, topic, source, qos, bytes, from, to) =>
      this.#intake.message(topicNo, topic, source, qos, bytes, from, to, segment, draft),
    )
    segment.flush()
    this.#nextReadingSeq = segment.firstSeq
  }

  /** Runs the work and writes what came of it, in one transaction. A failure leaves everything as it was. */
  #commit(draft: CommitDraft, worthwhile: boolean, work: () => void): void {
    if (!worthwhile) {
      work()
      return
    }
    try {
      this.#writer.commit(() => {
        work()
        this.#write(draft)
      })
    } catch (error) {
      const problem = toStoreProblem(error)
      if (problem === null) throw error
      this.#load()
      throw problem
    }
  }

  #write(draft: CommitDraft): void {
    const writer = this.#writer
    for (const definition of draft.tagDefinitions) writer.tag(definition)
    for (const rule of draft.rules) writer.rule(rule.definition, rule.state, rule.problem, rule.verdictsTotal)
    for (const ruleId of draft.rulesGone) writer.ruleGone(ruleId)
    for (const slot of draft.slotsGone) writer.standingGone(slot.rule.definition.id, slot.subject)
    for (const slot of draft.slots) {
      writer.standing({
        rule_id: slot.rule.definition.id,
        subject: slot.subject,
        line: slot.line,
        equipment: slot.equipment,
        settled_status: slot.settledStatus,
        candidate_status: slot.candidateStatus,
        candidate_count: slot.candidateCount,
        raw_status: slot.rawStatus,
        recorded_at_ms: slot.recordedAtMs,
        cool_down_until_ms: slot.coolDownUntilMs,
        judgment: slot.judgment === null ? null : JSON.stringify(slot.judgment),
        since_ms: slot.sinceMs,
      })
    }
    for (const facts of draft.facts.values()) writer.facts(facts)
    for (const item of draft.reportedItems) writer.reportedItem(item)
    for (const letter of draft.deadLetters) writer.deadLetter(letter)
    if (draft.deadLetters.length > 0) writer.keepDeadLetters(ingestLimits.deadLettersMax)
    for (const record of draft.records) writer.record(this.#nextRecordSeq++, record)
    if (draft.readings > 0 || draft.records.length > 0) writer.lanes(this.#nextReadingSeq, this.#nextRecordSeq)
  }

  #checkpoint(nowMs: number): void {
    const dirty: (readonly [number, LastValue])[] = []
    for (const tag of this.#tags.all()) {
      if (tag.lastIsDirty && tag.last !== undefined) dirty.push([tag.tagNo, tag.last])
      tag.lastIsDirty = false
    }
    this.#writer.lastValues(dirty, this.#nextReadingSeq - 1)
    for (const rule of this.#judge.instances()) this.#writer.ruleTotal(rule.definition.id, rule.verdictsTotal)
    if (nowMs >= this.#pruneAtMs) {
      this.#writer.forgetEventsBefore(nowMs - journalLimits.seenEventsMs)
      this.#pruneAtMs = nowMs + journalLimits.seenEventsPruneMs
    }
    this.#checkpointAtMs = this.#clock.monotonicMs() + journalLimits.checkpointMs
  }

  /** Null when nothing happened that anybody could want to know. */
  #told(draft: CommitDraft, hadCommands: boolean, startMs: number): Committed | null {
    if (draft.isEmpty && !hadCommands) return null
    return draft.toCommitted(this.#nextReadingSeq - 1, this.#nextRecordSeq - 1, this.#clock.monotonicMs() - startMs)
  }

  #load(): void {
    const all = <Row>(sql: string): Row[] => this.#database.prepare<[], Row>(sql).all()
    for (const { lane, next_seq } of all<{ lane: string; next_seq: number }>('select lane, next_seq from lanes')) {
      if (lane === 'readings') this.#nextReadingSeq = next_seq
      else this.#nextRecordSeq = next_seq
    }
    this.#tags.restore(all<TagDefinition>('select tag_no, key, kind, unit from tags order by tag_no'), parseTagKey)
    this.#commands.loadCatalogue()
    for (const [tagNo, last] of loadLastValues(this.#database)) {
      const tag = this.#tags.tagByNo(tagNo)
      if (tag === undefined) continue
      tag.last = last
      // They may come from the tail, which the next checkpoint cuts off.
      tag.lastIsDirty = true
    }
    this.#intake.forgetTopics()
    this.#facts.clear()
    for (const { body } of all<{ body: string }>('select body from line_facts')) {
      const facts = JSON.parse(body) as LineFacts
      this.#facts.set(facts.line, facts)
    }
    this.#judge.clear()
    for (const row of all<{
      definition: string
      state: RuleInForce['state']
      problem: string | null
      verdicts_total: number
    }>('select * from rules')) {
      this.#judge.restoreRule(JSON.parse(row.definition) as RuleDefinition, row.state, row.problem, row.verdicts_total)
    }
    for (const row of all<StandingRow>('select * from standing')) {
      const judgment = row.judgment === null ? null : JSON.parse(row.judgment)
      this.#judge.restoreSlot(row.rule_id, row.subject, row.line, row.equipment, {
        settledStatus: row.settled_status,
        standingStatus: judgment?.status ?? null,
        candidateStatus: row.candidate_status,
        candidateCount: row.candidate_count,
        rawStatus: row.raw_status,
        recordedAtMs: row.recorded_at_ms,
        coolDownUntilMs: row.cool_down_until_ms,
        judgment,
        sinceMs: row.since_ms,
      })
    }
    this.#judge.alarms.load(
      all<{ body: string }>('select body from alarms where open = 1').map(({ body }) => JSON.parse(body) as Alarm),
    )
  }
}
