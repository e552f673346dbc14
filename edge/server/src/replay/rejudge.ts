import type { Judgment, RuleDefinition, VerdictRun } from '@jidoka/domain'
import { Judge } from '../judge/judge.ts'
import { isTakenOut, unjudgedBecause, verdictOf } from '../judge/replay.ts'
import type { Row } from '../judge/row-buffer.ts'
import { snapshot } from '../judge/row-buffer.ts'
import type { Slot } from '../judge/rule-instance.ts'
import type { RuleRunner } from '../judge/rule-runner.ts'
import type { VerdictWatcher } from '../judge/sink.ts'
import { factsAfter } from '../pipeline/line-facts.ts'
import type { TagRegistry } from '../pipeline/tag-registry.ts'
import type { LineFacts } from '../ports.ts'
import { isNewer } from '../store/last-values.ts'
import type { TagReading } from '../store/read-tags.ts'
import { WindowBank } from '../windows/window-bank.ts'
import { differenceOf, nameOf } from './compare.ts'
import { Findings } from './findings.ts'
import { HeldEvents } from './held-events.ts'
import { factsAt, restoreStanding, rulesAt, tagsAt } from './past.ts'
import type { PrunedRecords } from './pruned-records.ts'
import { eventNotHeld, RunTally } from './run-tally.ts'
import type { JudgedCommit } from './run-tally.ts'
import { slotKey } from './stretch.ts'
import type { PlacedRecord, PlacedRule, Stretch } from './stretch.ts'
import { TimedVerdicts } from './timed-verdicts.ts'
import type { MadeAgain } from './timed-verdicts.ts'
import { Unwritten } from './unwritten.ts'

type ExpectedJudgment = Extract<PlacedRecord['record'], { kind: 'judgment' }>

export interface RejudgeOptions {
  readonly stretch: Stretch
  readonly history: readonly PlacedRule[]
  readonly pruned: PrunedRecords
  /** The one rule that is looked at; undefined for all. */
  readonly ruleId: string | undefined
  readonly runner: RuleRunner
  readonly findings: Findings
}

/**
 * Judges a stretch of the journal anew, by the code that judged it: readings in order of arrival with the times of their
 * commits, events and rule changes where they happened. Every verdict is held against its record, or against the run that
 * counts it.
 */
export class Rejudge implements VerdictWatcher {
  readonly #stretch: Stretch
  readonly #history: readonly PlacedRule[]
  readonly #findings: Findings
  readonly #pruned: PrunedRecords
  readonly #judge: Judge
  readonly #tags: TagRegistry
  readonly #facts: Map<string, LineFacts>
  readonly #held: HeldEvents
  readonly #sink = new Unwritten()
  readonly #tallies = new Map<string, RunTally>()
  readonly #timed = new Map<string, TimedVerdicts>()
  /** Judgments of the batch that is being judged, by their reading. */
  readonly #expected = new Map<number, ExpectedJudgment[]>()
  /** Last readings of runs that ended in this batch: of two commits of one millisecond the first may have ended one. */
  readonly #runEnds = new Set<number>()
  /** Readings that are not held, first and last. */
  readonly #gaps: [number, number][] = []
  /** Rules that the clock triggers at this place: when they were judged is not in the journal, so that their records are made again from their snapshots alone. */
  readonly #onTheClock = new Set<string>()
  readonly #firstSeq: number
  #judgedSeq: number
  #commit: JudgedCommit = { lastSeq: 0, isBesidePruned: false }
  #nextRule: number

  constructor({ stretch, history, pruned, ruleId, runner, findings }: RejudgeOptions) {
    const isWanted = (id: string) => ruleId === undefined || id === ruleId
    this.#stretch = stretch
    this.#findings = findings
    this.#pruned = pruned
    this.#history = history.filter((entry) => isWanted(entry.rule_id))
    this.#firstSeq = stretch.firstSeq
    this.#judgedSeq = this.#firstSeq - 1
    const definitions = this.#history.flatMap(({ definition }) => definition ?? [])
    this.#tags = tagsAt(stretch, this.#firstSeq, definitions)
    this.#held = new HeldEvents(stretch.eventGaps())
    this.#facts = factsAt(stretch, this.#held)
    this.#judge = new Judge({
      runner,
      strikesMax: Infinity,
      plant: {
        tag: (key) => this.#tags.tag(key),
        tags: () => this.#tags.all(),
        facts: (line) => this.#facts.get(line),
        factLines: () => this.#facts.keys(),
        windows: new WindowBank(),
      },
    })
    this.#sink.nowMs = stretch.fromMs
    for (const { definition } of rulesAt(stretch, this.#history)) {
      if (definition === null || this.#isOnTheClock(definition)) continue
      const { problem } = this.#judge.restoreRule(definition, 'in_force', null, 0)
      if (problem !== null)
        Findings.note(findings.notCompared, `this program no longer takes the rule ${definition.id}`)
      restoreStanding(this.#judge, stretch, definition)
    }
    this.#nextRule = this.#history.findIndex((entry) => !stretch.isBefore(entry))
    if (this.#nextRule < 0) this.#nextRule = this.#history.length
    this.#fillWindows()
    this.#judge.watch(this)
  }

  run(isWanted: (record: PlacedRecord) => boolean): void {
    const records = this.#stretch.records()
    let held: PlacedRecord | undefined
    const recordsUpTo = (seq: number): PlacedRecord[] => {
      const taken: PlacedRecord[] = []
      for (;;) {
        held ??= records.next().value ?? undefined
        if (held === undefined || held.readingsSeq > seq) return taken
        if (isWanted(held)) taken.push(held)
        held = undefined
      }
    }
    this.#batch([], recordsUpTo(this.#firstSeq - 1))
    for (const readings of this.#batches()) this.#batch(readings, recordsUpTo(readings.at(-1)?.seq ?? 0))
    this.#batch([], recordsUpTo(Infinity))
    this.#close()
  }

  /** Called by the judge for each verdict that it makes again. */
  verdict(slot: Slot, row: Row, status: string, confidence: number, explanation: string | null, nowMs: number): void {
    const { definition } = slot.rule
    const key = slotKey(definition.id, slot.subject)
    const full = () => {
      const inputs = snapshot(definition.inputs, row)
      const made =
        row.unusable && explanation === null ? unjudgedBecause(inputs) : verdictOf(status, confidence, explanation)
      return { ...made, inputs }
    }
    const tally = this.#tally(key)
    if (this.#held.mayLackFact(definition, slot.line, row.readingSeq ?? this.#judgedSeq)) tally.doubt()
    if (row.readingSeq === null) {
      tally.turnsTo(status)
      const timed = this.#timed.get(key) ?? new TimedVerdicts()
      this.#timed.set(key, timed)
      timed.add({ verdict: full(), atMs: nowMs, readingsSeq: this.#judgedSeq })
      return
    }
    const ofReading = this.#expected.get(row.readingSeq)
    const index =
      ofReading?.findIndex(({ body }) => body.rule_id === definition.id && body.subject === slot.subject) ?? -1
    const [judgment] = index < 0 ? [] : (ofReading?.splice(index, 1) ?? [])
    if (judgment === undefined) {
      tally.count(status, row.readingSeq, this.#commit)
      if (this.#runEnds.has(row.readingSeq)) tally.break()
    } else {
      tally.judgment(judgment.seq)
      this.#compare(judgment.body, full())
    }
    if (!row.late) tally.turnsTo(status)
  }

  /** Readings of one commit; two commits of one millisecond are judged together, which comes to the same. */
  *#batches(): Generator<TagReading[]> {
    let batch: TagReading[] = []
    let expectedSeq = this.#firstSeq
    for (const reading of this.#stretch.readings(null, this.#firstSeq, this.#stretch.lastSeq)) {
      if (reading.seq > expectedSeq) this.#gap(expectedSeq, reading.seq - 1)
      expectedSeq = reading.seq + 1
      if (batch.length > 0 && batch[0]?.receivedMs !== reading.receivedMs) {
        yield batch
        batch = []
      }
      batch.push(reading)
    }
    if (batch.length > 0) yield batch
  }

  /** What one commit did: first its readings, then what its records say, in their order. */
  #batch(readings: readonly TagReading[], records: readonly PlacedRecord[]): void {
    this.#expected.clear()
    this.#runEnds.clear()
    for (const { record } of records) {
      if (record.kind === 'verdict_run' && record.body.last_reading_seq !== null)
        this.#runEnds.add(record.body.last_reading_seq)
      if (record.kind !== 'judgment' || record.body.reading_seq === null) continue
      const seq = record.body.reading_seq
      this.#expected.set(seq, [...(this.#expected.get(seq) ?? []), record])
    }
    const lastSeq = readings.at(-1)?.seq ?? this.#judgedSeq
    this.#commit = { lastSeq, isBesidePruned: this.#pruned.mayBeOfCommit(readings[0]?.seq ?? lastSeq, lastSeq) }
    for (const tally of this.#tallies.values()) tally.break()
    for (const reading of readings) this.#reading(reading)
    this.#judge.finish(this.#sink)
    for (const { record, readingsSeq } of records) this.#record(record, readingsSeq)
    this.#judge.finish(this.#sink)
    for (const judgments of this.#expected.values()) for (const { body } of judgments) this.#notMade(body)
  }

  #reading(reading: TagReading): void {
    this.#findings.readings++
    this.#rulesBefore(reading.seq - 1, -1)
    // Readings that are not held may have changed what stands, with records that are.
    if (reading.seq > this.#judgedSeq + 1) for (const tally of this.#tallies.values()) tally.turnsTo(null)
    this.#sink.nowMs = reading.receivedMs
    const tag = this.#tags.tagByNo(reading.tagNo)
    if (tag === undefined) return
    const newer = isNewer(reading, tag.last)
    if (newer) tag.last = reading
    this.#judge.noteReading(tag, reading, reading.seq, !newer, this.#sink)
    this.#judgedSeq = reading.seq
  }

  #record(record: PlacedRecord['record'], readingsSeq: number): void {
    // A change of a rule lies between the records before and behind it.
    this.#rulesBefore(readingsSeq, record.seq - 1)
    // What an earlier commit has noted was judged in that commit.
    if (record.at_ms !== this.#sink.nowMs) this.#judge.finish(this.#sink)
    this.#sink.nowMs = record.at_ms
    if (record.kind === 'event') {
      this.#findings.events++
      const after = factsAfter(this.#facts.get(record.body.line), record.body, record.at_ms)
      this.#held.note(record.seq, record.body, after !== null)
      if (after === null) return
      this.#facts.set(record.body.line, after)
      if (record.body.type === 'production_count') this.#judge.noteProduction(record.body.line, this.#sink)
      return
    }
    if ((record.kind === 'verdict_run' || record.kind === 'judgment') && this.#onTheClock.has(record.body.rule_id)) {
      this.#findings.onTheClock += record.kind === 'judgment' ? 1 : record.body.count
      if (record.kind === 'verdict_run')
        Findings.note(
          this.#findings.notCompared,
          'counted in runs of rules on the clock, whose instants the journal does not hold',
          record.body.count,
        )
      return
    }
    if (record.kind === 'verdict_run') {
      this.#judge.finish(this.#sink)
      this.#run(record.body, record.seq)
    } else if (record.kind === 'judgment' && record.body.reading_seq === null) {
      this.#judge.finish(this.#sink)
      this.#timedJudgment(record.body, record.seq)
    }
  }

  #run(run: VerdictRun, recordSeq: number): void {
    const key = slotKey(run.rule_id, run.subject)
    const { first_reading_seq: first, last_reading_seq: last } = run
    if (first !== null && last !== null) {
      const touchesGap = this.#gaps.some(([from, to]) => first <= to && last >= from)
      this.#tally(key).end(run, recordSeq, first >= this.#firstSeq && !touchesGap)
      return
    }
    const isWhole = run.first_at_ms >= this.#stretch.fromMs
    if (isWhole) this.#skipPruned(key, run.first_at_ms, recordSeq)
    const same = this.#timed.get(key)?.take(run) ?? 0
    if (isWhole && same !== run.count)
      this.#differs(
        key,
        run.count - same,
        `The run of ${run.count} x ${run.status} of ${run.rule_id} at ${run.subject}: ${same} of them are the same when judged again.`,
      )
    else this.#findings.runsSame++
    this.#findings.verdictsCounted += same
  }

  /** A judgment of a production count, or of silence: what a sweep at that moment finds. */
  #timedJudgment(judgment: Judgment, recordSeq: number): void {
    // Said by the program where the history has it: see Remaker.
    if (isTakenOut(judgment.explanation)) return
    const key = slotKey(judgment.rule_id, judgment.subject)
    this.#skipPruned(key, judgment.judged_at_ms, recordSeq)
    if (this.#timed.get(key)?.isEmpty !== false) this.#judge.sweep(this.#sink)
    const made = this.#timed.get(key)?.next()
    if (made === undefined) this.#notMade(judgment)
    else this.#compare(judgment, made)
  }

  /** What was made again before a verdict that is held, and may have been dropped from before it. */
  #skipPruned(key: string, atMs: number, recordSeq: number): void {
    const skipped = this.#timed
      .get(key)
      ?.skipTo(atMs, (made) => this.#pruned.mayAccountFor(made.readingsSeq, { beforeSeq: recordSeq }))
    if (skipped !== undefined && skipped > 0)
      Findings.note(this.#findings.notCompared, 'records beside it are not held any more', skipped)
  }

  #compare(judgment: Judgment, made: MadeAgain): void {
    const difference = differenceOf(judgment, made, made.inputs)
    if (difference === null) this.#findings.judgmentsSame++
    else
      this.#differs(slotKey(judgment.rule_id, judgment.subject), 1, `Judged again: ${nameOf(judgment)} ${difference}.`)
  }

  #differs(key: string, count: number, sentence: string): void {
    this.#tally(key).differs(sentence, count)
  }

  #notMade(judgment: Judgment): void {
    const first = this.#history.find((entry) => entry.rule_id === judgment.rule_id)
    if (first === undefined || first.at_ms > judgment.judged_at_ms)
      Findings.note(this.#findings.notCompared, 'its rule is from before the history of rules began')
    else if (this.#gaps.some(([from, to]) => (judgment.reading_seq ?? 0) >= from && (judgment.reading_seq ?? 0) <= to))
      Findings.note(this.#findings.notCompared, 'its reading is not held any more')
    else if (judgment.reading_seq === null && this.#held.mayLackEvent(judgment.line, this.#judgedSeq))
      Findings.note(this.#findings.notCompared, eventNotHeld)
    else
      this.#differs(
        slotKey(judgment.rule_id, judgment.subject),
        1,
        `${nameOf(judgment)} does not come out when the journal is judged again.`,
      )
  }

  /** Puts the rules in force that changed up to this place. */
  #rulesBefore(readingsSeq: number, recordsSeq: number): void {
    let changed = false
    for (; this.#nextRule < this.#history.length; this.#nextRule++) {
      const entry = this.#history[this.#nextRule] as PlacedRule
      // Of one place between the readings, what the records say comes in their order.
      const isBefore =
        entry.readings_seq < readingsSeq ||
        (entry.readings_seq === readingsSeq && (recordsSeq < 0 || entry.records_seq <= recordsSeq))
      if (!isBefore) break
      this.#judge.finish(this.#sink)
      this.#sink.nowMs = entry.at_ms
      this.#apply(entry)
      changed = true
    }
    if (changed) this.#fillWindows()
  }

  #apply(entry: PlacedRule): void {
    const { state, definition } = entry
    for (const [key, tally] of this.#tallies) if (key.startsWith(`${entry.rule_id}\n`)) tally.turnsTo(null)
    // A rule that is removed stays what it was: its last run becomes a record with that.
    if (definition === null || this.#isOnTheClock(definition) || state !== 'in_force') {
      this.#judge.remove(entry.rule_id, this.#sink)
      return
    }
    const { problem } = this.#judge.deploy(definition, this.#sink)
    if (problem !== null)
      Findings.note(this.#findings.notCompared, `this program no longer takes the rule ${entry.rule_id}`)
  }

  #isOnTheClock({ id, trigger }: RuleDefinition): boolean {
    if (trigger.on === 'timer') this.#onTheClock.add(id)
    else this.#onTheClock.delete(id)
    return trigger.on === 'timer'
  }

  #fillWindows(): void {
    this.#judge.fillWindows(this.#stretch.windowReader(this.#judgedSeq))
  }

  #gap(fromSeq: number, toSeq: number): void {
    this.#gaps.push([fromSeq, toSeq])
    this.#findings.gaps.push(
      `Readings ${fromSeq} to ${toSeq} are not held any more (${this.#stretch.gapReason(fromSeq)}).`,
    )
  }

  /** What is left belongs to runs that ended later, or are open yet. */
  #close(): void {
    const open = new Set([...this.#tallies].flatMap(([key, tally]) => (tally.hasRest ? [key] : [])))
    for (const { seq, run } of open.size === 0 ? [] : this.#stretch.runsBehind()) {
      const key = slotKey(run.rule_id, run.subject)
      if (!open.has(key) || (run.last_reading_seq ?? 0) < this.#tally(key).lastSeq) continue
      open.delete(key)
      this.#tally(key).closeWith(run, seq)
      if (open.size === 0) break
    }
    const raw = this.#stretch.rawStatuses()
    for (const key of open) this.#tally(key).close(raw.get(key) ?? null)
  }

  #tally(key: string): RunTally {
    let tally = this.#tallies.get(key)
    if (tally === undefined) {
      tally = new RunTally(key.replace('\n', ' at '), this.#findings, this.#pruned)
      this.#tallies.set(key, tally)
    }
    return tally
  }
}
