import { OperationalError } from '@jidoka/base'
import { resolvedInputs } from '@jidoka/domain'
import type { CommandResult, RuleDefinition } from '@jidoka/domain'
import { Judge } from '../../judge/judge.ts'
import { judgeLimits } from '../../judge/limits.ts'
import type { Row } from '../../judge/row-buffer.ts'
import type { RuleInstance, Slot } from '../../judge/rule-instance.ts'
import type { RuleRunner } from '../../judge/rule-runner.ts'
import type { JudgeSink } from '../../judge/sink.ts'
import { isPassed } from '../../judge/timers.ts'
import { factsAfter } from '../../pipeline/line-facts.ts'
import { factsAt, tagsAt } from '../../replay/past.ts'
import { Stretch } from '../../replay/stretch.ts'
import type { PlacedRecord } from '../../replay/stretch.ts'
import { isNewer } from '../../store/last-values.ts'
import type { TagReading } from '../../store/read-tags.ts'
import { WindowBank } from '../../windows/window-bank.ts'
import { rehearsalLimits } from './limits.ts'
import { RehearsalTally } from './tally.ts'

export interface RehearsalQuestion {
  readonly rule: RuleDefinition
  /** Instants of the appliance's clock at which the readings came; to is not included. */
  readonly fromMs: number
  readonly toMs: number
}

export interface RehearsalOptions extends RehearsalQuestion {
  readonly dataFolder: string
  readonly runner: RuleRunner
  readonly elapsedMs: () => number
}

/** Ids of the two rules in the rehearsal's own judge, where both are in force beside each other. */
const triedId = 'tried'
const standingId = 'standing'

/**
 * Judges a stretch of the journal with a rule that is not in force, by the code that judges live, and counts. The rule of the same id that is
 * in force now is judged along, so that its verdicts can be held against those. Reads only, beside the running appliance; nothing of it
 * is stored. It begins with nothing standing, and every second that passed in the stretch is swept as it was then.
 * @throws OperationalError where the rule cannot be put in force, or the stretch is too long.
 */
export function rehearse(options: RehearsalOptions): CommandResult {
  const { dataFolder, fromMs, toMs, elapsedMs } = options
  if (fromMs >= toMs) throw new OperationalError('The rehearsal ends before it begins. Give it a stretch of time.')
  if (toMs - fromMs > rehearsalLimits.spanMsMax)
    throw new OperationalError('A rehearsal covers one day at most. Rehearse the days one by one.')
  let unreadable = 0
  const stretch = new Stretch(dataFolder, fromMs, toMs, ({ count }) => (unreadable += count))
  try {
    const rehearsal = new Rehearsal(options, stretch)
    const isCut = rehearsal.run()
    return {
      ...rehearsal.result(),
      readings_unreadable: unreadable,
      is_cut: isCut,
      duration_ms: Math.round(elapsedMs()),
    }
  } finally {
    stretch.close()
  }
}

class Rehearsal {
  readonly #stretch: Stretch
  readonly #elapsedMs: () => number
  readonly #judge: Judge
  readonly #tags
  readonly #facts
  readonly #tally: RehearsalTally
  readonly #sink = new Unstored()
  readonly #standing: RuleDefinition | null
  readonly #seenTagNos: readonly number[]
  #sweptMs: number
  #judgedSeq: number
  #readings = 0
  #events = 0

  constructor({ rule, runner, elapsedMs }: RehearsalOptions, stretch: Stretch) {
    this.#stretch = stretch
    this.#elapsedMs = elapsedMs
    this.#tally = new RehearsalTally(rule)
    this.#sweptMs = stretch.fromMs
    this.#sink.nowMs = stretch.fromMs
    this.#judgedSeq = stretch.firstSeq - 1
    this.#standing = inForce(stretch, rule.id)
    const tried: RuleDefinition = { ...rule, id: triedId, enabled: true }
    const rules = this.#standing === null ? [tried] : [tried, { ...this.#standing, id: standingId }]
    const tags = tagsAt(stretch, stretch.firstSeq, rules)
    this.#tags = tags
    this.#facts = factsAt(stretch)
    this.#judge = new Judge({
      runner,
      plant: {
        tag: (key) => tags.tag(key),
        tags: () => tags.all(),
        facts: (line) => this.#facts.get(line),
        factLines: () => this.#facts.keys(),
        windows: new WindowBank(),
      },
    })
    for (const definition of rules) {
      const { problem } = this.#judge.deploy(definition, this.#sink)
      if (problem !== null && definition.id === triedId)
        throw new OperationalError(`The rule cannot be put in force: ${problem}`)
    }
    const sensors = new Set(rules.flatMap(sensorsOf))
    this.#seenTagNos = [...tags.all()].filter((tag) => sensors.has(tag.place.sensor)).map(({ tagNo }) => tagNo)
    this.#judge.fillWindows(stretch.windowReader(this.#judgedSeq))
    this.#judge.watch(this)
  }

  /** True where a bound has ended it. */
  run(): boolean {
    const events = new Ahead(this.#eventsOf(this.#stretch.records()))
    for (const batch of this.#batches()) {
      this.#eventsUpTo(events, (batch[0]?.seq ?? 0) - 1)
      this.#sweepUntil(batch[0]?.receivedMs ?? 0)
      for (const reading of batch) this.#reading(reading)
      this.#finish()
      if (this.#readings >= rehearsalLimits.readingsMax || this.#elapsedMs() > rehearsalLimits.timeMsMax) return true
    }
    this.#eventsUpTo(events, Infinity)
    this.#sweepUntil(this.#stretch.toMs)
    return false
  }

  result(): CommandResult {
    return {
      readings: this.#readings,
      events: this.#events,
      taken_out_at: this.#sink.takenOutMs === null ? null : new Date(this.#sink.takenOutMs).toISOString(),
      ...this.#tally.result(this.#standing?.version ?? null),
    }
  }

  /** Called by the judge for each verdict. */
  verdict(slot: Slot, row: Row, status: string, _confidence: number, _why: string | null, nowMs: number): void {
    const subject = `${slot.subject}\n${row.readingSeq ?? `at ${nowMs}`}`
    if (slot.rule.definition.id === triedId) this.#tally.tried(subject, status, nowMs)
    else this.#tally.stands(subject, status)
  }

  /** What was committed together is judged together. */
  *#batches(): Generator<TagReading[]> {
    if (this.#seenTagNos.length === 0) return
    let batch: TagReading[] = []
    const { firstSeq, lastSeq } = this.#stretch
    for (const reading of this.#stretch.readings(this.#seenTagNos, firstSeq, lastSeq)) {
      if (batch.length > 0 && batch[0]?.receivedMs !== reading.receivedMs) {
        yield batch
        batch = []
      }
      batch.push(reading)
    }
    if (batch.length > 0) yield batch
  }

  *#eventsOf(records: Iterable<PlacedRecord>): Generator<PlacedRecord> {
    for (const placed of records) if (placed.record.kind === 'event') yield placed
  }

  #reading(reading: TagReading): void {
    this.#sink.nowMs = reading.receivedMs
    const tag = this.#tags.tagByNo(reading.tagNo)
    if (tag === undefined) return
    this.#readings++
    const newer = isNewer(reading, tag.last)
    if (newer) tag.last = reading
    this.#judge.noteReading(tag, reading, reading.seq, !newer, this.#sink)
    this.#judgedSeq = reading.seq
  }

  #eventsUpTo(events: Ahead<PlacedRecord>, readingsSeq: number): void {
    for (;;) {
      const placed = events.takeIf((each) => each.readingsSeq <= readingsSeq)
      if (placed === null) return
      const { record } = placed
      if (record.kind !== 'event') continue
      this.#sweepUntil(record.at_ms)
      this.#sink.nowMs = record.at_ms
      this.#events++
      const after = factsAfter(this.#facts.get(record.body.line), record.body, record.at_ms)
      if (after === null) continue
      this.#facts.set(record.body.line, after)
      if (record.body.type === 'production_count') this.#judge.noteProduction(record.body.line, this.#sink)
      this.#finish()
    }
  }

  /** What the clock alone does: rules on the clock, and silence. A clock that was set back sweeps nothing twice. */
  #sweepUntil(untilMs: number): void {
    const endMs = Math.min(untilMs, this.#stretch.toMs)
    while (this.#sweptMs + judgeLimits.sweepMs <= endMs) {
      const sinceMs = this.#sweptMs
      this.#sweptMs += judgeLimits.sweepMs
      this.#sink.nowMs = this.#sweptMs
      this.#judge.tick((everyMs) => isPassed(everyMs, sinceMs, this.#sink.nowMs), this.#sink)
      this.#judge.sweep(this.#sink)
      this.#tally.compare()
    }
  }

  #finish(): void {
    this.#judge.finish(this.#sink)
    this.#tally.compare()
  }
}

/** The rule of this id as it is in force at the end of the history; null where it is not. */
function inForce(stretch: Stretch, ruleId: string): RuleDefinition | null {
  const last = stretch.rules().findLast((entry) => entry.rule_id === ruleId)
  return last?.state === 'in_force' ? last.definition : null
}

function sensorsOf(definition: RuleDefinition): string[] {
  const { trigger } = definition
  const ofInputs = resolvedInputs(definition).flatMap((input) => ('sensor' in input ? [input.sensor ?? []].flat() : []))
  return 'sensor' in trigger && trigger.sensor !== undefined ? [trigger.sensor, ...ofInputs] : ofInputs
}

/** The judge's effects are counted by the watcher; all that is of interest here is whether the rule was taken out. */
class Unstored implements JudgeSink {
  nowMs = 0
  takenOutMs: number | null = null

  ruleChanged(rule: RuleInstance): void {
    if (rule.definition.id === triedId && rule.state === 'quarantined') this.takenOutMs = this.nowMs
  }
  judgment(): void {}
  verdictRun(): void {}
  standing(): void {}
  alarm(): void {}
  reported(): void {}
  counted(): void {}
  slotChanged(): void {}
  slotGone(): void {}
  ruleGone(): void {}
}

/** A sequence of which the next one can be looked at before it is taken. */
class Ahead<Each> {
  readonly #rest: Iterator<Each>
  #next: IteratorResult<Each> | null = null

  constructor(rest: Iterable<Each>) {
    this.#rest = rest[Symbol.iterator]()
  }

  takeIf(is: (each: Each) => boolean): Each | null {
    this.#next ??= this.#rest.next()
    if (this.#next.done === true || !is(this.#next.value)) return null
    const { value } = this.#next
    this.#next = null
    return value
  }
}
