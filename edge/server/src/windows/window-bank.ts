import type { ChartInput, Quality, RuleDefinition, SnapshotInput, Value, WindowInput } from '@jidoka/domain'
import { judgeLimits } from '../judge/limits.ts'
import type { LastValue } from '../store/last-values.ts'
import { WindowDemands } from './demand.ts'
import { windowBankLimits } from './limits.ts'
import { ReceivedClock } from './received-clock.ts'
import { Series } from './series.ts'
import type { Budget, Noted } from './series.ts'
import { takeReading } from './take-reading.ts'
import { covers, knownSeries, seriesOf, widened } from './wanted-series.ts'
import type { WantedSeries } from './wanted-series.ts'
import { WindowFigure } from './window-figure.ts'
import { seriesKey, WindowPreparation } from './window-preparation.ts'
import type { PreparedSeries, SeriesPlan } from './window-preparation.ts'
import type { WindowReader, WindowStart } from './window-reader.ts'

export type { WindowReader } from './window-reader.ts'
import type { OwnedSeries, TagWindows, WindowedTag } from './tag-windows.ts'
import type { WindowSpec } from './window-spec.ts'

/** What an input of a rule saw; see `Cell` of the judge. */
export interface WindowCell {
  value: Value | null
  atMs: number | null
  quality: Quality | null
  problem: NonNullable<SnapshotInput['problem']> | null
  freshFromMs: number
  freshUntilMs: number
}

export interface WindowBankStats {
  readonly series: number
  readonly readings: number
  /** Readings held for rules that are about to be put in force. */
  readonly prepared: number
  /** Windows that were not set up for want of room. */
  readonly refused: number
}

/** Windows of rules to come. */
interface Preparation {
  /** What these rules and those that stay will want of a series; empty when all have come. */
  readonly widths: Map<string, SeriesPlan>
  /** What will be wanted, tag by tag; null when that is known. */
  planning: Generator<undefined, WindowPreparation | null, undefined> | null
  filling: WindowPreparation | null
}

/** Tags between two looks at the clock: under a millisecond, also with hundreds of windows each. */
const tagsPerLook = 8

const noneNoted: Readonly<Record<Noted, number>> = { taken: 0, late: 0, repeated: 0, no_room: 0 }

export interface WindowBankOptions {
  readonly readingsMax?: number
  readonly seriesMax?: number
}

/**
 * The windows and control charts of the rules in force. `prepare` fills those of rules to come while others work, `need` says which, `rebuild` fills those that are new from the journal,
 * `note` takes each stored reading in, and `read` gives an input what stands at that moment.
 *
 * What a window says follows from the readings of the journal in their order, and from nothing else: filled at a start, at a deployment or by a
 * replay it is what it was when it was filled as they came, whatever the wall clock did (I3). So that this can be had in bounded time, all windows
 * begin anew where the appliance's clock was set back, and one that grew too old is forgotten.
 */
export class WindowBank {
  #demands = new WindowDemands([])
  #byTagNo = new Map<number, TagWindows>()
  readonly #budget: Budget
  readonly #seriesMax: number
  readonly #clock = new ReceivedClock()
  #preparation: Preparation | null = null
  #noted: Record<Noted, number> = { ...noneNoted }
  #seriesCount = 0
  #refused = 0

  constructor(options: WindowBankOptions = {}) {
    this.#budget = { readings: 0, readingsMax: options.readingsMax ?? windowBankLimits.readingsMax }
    this.#seriesMax = options.seriesMax ?? windowBankLimits.seriesMax
  }

  /** The rules in force have changed, or all tags are new. What is wanted already goes on; the rest waits for `rebuild`. */
  need(definitions: Iterable<RuleDefinition>, tags: Iterable<WindowedTag>): void {
    this.#demands = new WindowDemands(definitions, this.#demands)
    const older = this.#byTagNo
    this.#byTagNo = new Map()
    this.#seriesCount = 0
    this.#refused = 0
    for (const tag of tags) this.#resolve(tag, older.get(tag.tagNo), false)
    const kept = new Set([...this.#byTagNo.values()].flatMap(({ series }) => series.map((owned) => owned.series)))
    for (const { series } of older.values())
      for (const owned of series) if (!kept.has(owned.series)) owned.series.clear()
  }

  /** How many series there may be; see judge/rule-room.ts. */
  get seriesMax(): number {
    return this.#seriesMax
  }

  /** A reading was stored, of whatever tag. Answers whether the appliance's clock was set back, and all windows begin anew with it. */
  note(tag: WindowedTag, reading: Pick<LastValue, 'timeMs' | 'receivedMs' | 'value' | 'quality'>): boolean {
    const isSetBack = reading.receivedMs !== this.#clock.lastMs && this.#clock.goTo(reading.receivedMs)
    if (isSetBack) this.#beginAnew()
    if (tag.windows !== null) this.#take(tag, reading)
    return isSetBack
  }

  #take(tag: WindowedTag, reading: Pick<LastValue, 'timeMs' | 'receivedMs' | 'value' | 'quality'>): void {
    const windows = tag.windows === undefined ? this.#resolve(tag, undefined, true) : tag.windows
    if (windows === null) return
    for (const { series } of windows.series) {
      const noted = takeReading(series, reading)
      if (noted !== null) this.#noted[noted]++
    }
  }

  /** From here on `prepare` looks which windows these rules, which are not all in force yet, will want beside what there is, and fills them. */
  beginPreparing(definitions: Iterable<RuleDefinition>, tags: Iterable<WindowedTag>): void {
    const demands = new WindowDemands(definitions)
    const widths = new Map<string, SeriesPlan>()
    this.#preparation = { widths, planning: this.#plans(demands, tags, widths), filling: null }
  }

  /**
   * Fills windows of rules to come until the time is up; true when all are filled. `need` and `rebuild` then take them over, however many
   * changes of rules they come in, and fill whatever is missing.
   */
  prepare(reader: WindowReader, isTimeUp: () => boolean): boolean {
    const preparation = this.#preparation
    if (preparation === null) return true
    for (let tags = 1; preparation.planning !== null; tags++) {
      const { done, value } = preparation.planning.next()
      if (done === true) {
        preparation.planning = null
        preparation.filling = value
      } else if (tags % tagsPerLook === 0 && isTimeUp()) return false
    }
    return preparation.filling?.slice(reader, isTimeUp) ?? true
  }

  /** All rules of the change are in force, or refused: the next `need` takes over what they want, and no more. */
  allHaveCome(): void {
    this.#preparation?.widths.clear()
  }

  /** What was prepared and not taken over goes. */
  endPreparing(): void {
    this.#preparation = null
  }

  /** Fills windows that are new from the journal, which must hold every reading noted so far. To be called after `need`. */
  rebuild(reader: WindowReader): { readonly readings: number } {
    if (this.#clock.isUnknown) this.#startOf(reader, 0)
    // Tags with windows of some minutes are not read as far back as those of a day.
    const passes = new Map<number, { lookBackMs: number; readonly series: Map<number, OwnedSeries[]> }>()
    const prepared = new Map<number, Map<number, OwnedSeries[]>>()
    for (const [tagNo, { series }] of this.#byTagNo) {
      for (const owned of series) {
        if (owned.isFilled) continue
        owned.isFilled = true
        if (owned.nextSeq !== null) {
          const pass = prepared.get(owned.nextSeq) ?? new Map<number, OwnedSeries[]>()
          pass.set(tagNo, [...(pass.get(tagNo) ?? []), owned])
          prepared.set(owned.nextSeq, pass)
          continue
        }
        owned.series.clear()
        const magnitude = Math.ceil(Math.log2(Math.max(owned.lookBackMs, 60_000)) / 2)
        const pass = passes.get(magnitude) ?? { lookBackMs: 0, series: new Map<number, OwnedSeries[]>() }
        pass.lookBackMs = Math.max(pass.lookBackMs, owned.lookBackMs)
        pass.series.set(tagNo, [...(pass.series.get(tagNo) ?? []), owned])
        passes.set(magnitude, pass)
      }
    }
    let readings = 0
    const fill = (series: ReadonlyMap<number, readonly OwnedSeries[]>, fromSeq: number) => {
      for (const reading of reader.readTagsFrom([...series.keys()], fromSeq)) {
        readings++
        for (const owned of series.get(reading.tagNo) ?? []) takeReading(owned.series, reading)
      }
    }
    for (const [nextSeq, series] of prepared) fill(series, nextSeq)
    for (const { lookBackMs: backMs, series } of passes.values()) {
      const start = this.#startOf(reader, backMs)
      if (start !== null) fill(series, start.fromSeq)
    }
    return { readings }
  }

  /** Forgets everything; `need` and `rebuild` bring it back. */
  clear(): void {
    this.#emptyAll()
    this.#byTagNo.clear()
    this.#preparation = null
    this.#demands = new WindowDemands([])
    this.#clock.takeOver(new ReceivedClock())
    this.#seriesCount = 0
  }

  /** What an input sees of a tag at this moment. `tag`: what the input names, undefined where there is none. */
  read(cell: WindowCell, input: WindowInput | ChartInput, tag: WindowedTag | undefined, nowMs: number): void {
    const spec = this.#demands.spec(input)
    const figure = spec === undefined ? undefined : tag?.windows?.figures.get(spec)
    figure?.update()
    cell.freshFromMs = -Infinity
    cell.freshUntilMs = Infinity
    const isThere = figure !== undefined && spec !== undefined && !this.#isForgotten(figure, input)
    if (!isThere || figure.problem !== null) {
      cell.value = null
      cell.atMs = null
      cell.quality = null
      cell.problem = isThere ? figure.problem : 'missing'
      return
    }
    const { newestMs } = figure
    cell.value = spec.figure.of === 'last_age' ? Math.max(0, nowMs - newestMs) / 1_000 : figure.value
    cell.atMs = newestMs
    cell.quality = figure.isUncertain ? 'uncertain' : 'good'
    cell.freshFromMs = figure.series.receivedMs - judgeLimits.clockSetBackMsMax
    cell.freshUntilMs = newestMs + input.max_age_s * 1_000
    cell.problem = nowMs >= cell.freshFromMs && nowMs <= cell.freshUntilMs ? null : 'stale'
  }

  /** What became of the readings noted since the last call, for metrics. */
  takeNoted(): Readonly<Record<Noted, number>> {
    const noted = this.#noted
    this.#noted = { ...noneNoted }
    return noted
  }

  stats(): WindowBankStats {
    return {
      series: this.#seriesCount,
      readings: this.#budget.readings,
      prepared: this.#preparation?.filling?.readings ?? 0,
      refused: this.#refused,
    }
  }

  /** So old by the last commit that a start would not have filled it. */
  #isForgotten({ series }: WindowFigure, { max_age_s: maxAgeS }: WindowInput | ChartInput): boolean {
    return series.newestMs < this.#clock.lastMs - maxAgeS * 1_000 - windowBankLimits.staleKnownMs
  }

  #startOf(reader: WindowReader, backMs: number): WindowStart | null {
    const steps = reader.findStart(backMs)
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    if (step.value !== null && this.#clock.isUnknown) this.#clock.takeOver(step.value)
    return step.value
  }

  #beginAnew(): void {
    this.#emptyAll()
    // What was filled of rules to come is from before; what has come since is little, and is filled with their deployment.
    if (this.#preparation !== null) this.#preparation.filling = null
  }

  #emptyAll(): void {
    for (const { series } of this.#byTagNo.values()) for (const owned of series) owned.series.clear()
  }

  *#plans(
    demands: WindowDemands,
    tags: Iterable<WindowedTag>,
    widths: Map<string, SeriesPlan>,
  ): Generator<undefined, WindowPreparation | null, undefined> {
    const plans: SeriesPlan[] = []
    let tagsCount = 0
    for (const tag of tags) {
      tagsCount++
      for (const wanted of seriesOf(demands.wantedOf(tag.place))) {
        const { latenessMs, need, backMs } = wanted
        const plan = { tagNo: tag.tagNo, latenessMs, need, backMs }
        widths.set(seriesKey(tag.tagNo, latenessMs), plan)
        if (knownSeries(tag.windows ?? undefined, wanted) === undefined) plans.push(plan)
      }
      yield
    }
    const { readings, readingsMax } = this.#budget
    if (plans.length + this.#seriesCount > this.#seriesMax) {
      widths.clear()
      return null
    }
    return new WindowPreparation(plans, tagsCount, readingsMax - readings)
  }

  #resolve(tag: WindowedTag, older: TagWindows | undefined, isFilled: boolean): TagWindows | null {
    const wanted = this.#demands.wantedOf(tag.place)
    if (wanted.length === 0) {
      tag.windows = null
      return null
    }
    const owned: OwnedSeries[] = []
    const figures = new Map<WindowSpec, WindowFigure>()
    for (const wantedSeries of seriesOf(wanted)) {
      if (this.#seriesCount >= this.#seriesMax) {
        this.#refused += wantedSeries.windows.length
        continue
      }
      this.#seriesCount++
      const later = this.#preparation?.widths.get(seriesKey(tag.tagNo, wantedSeries.latenessMs))
      const wide = later === undefined ? wantedSeries : widened(wantedSeries, later)
      const one = this.#series(tag.tagNo, wide, older, isFilled)
      owned.push(one)
      for (const { spec } of wantedSeries.windows) {
        const known = older?.figures.get(spec)
        figures.set(spec, known?.series === one.series ? known : new WindowFigure(one.series, spec))
      }
    }
    tag.windows = { series: owned, figures }
    this.#byTagNo.set(tag.tagNo, tag.windows)
    return tag.windows
  }

  /** The series that there was, if it holds what is wanted, or that was prepared; else a new one. */
  #series(tagNo: number, wanted: WantedSeries, older: TagWindows | undefined, isFilled: boolean): OwnedSeries {
    const { latenessMs, need, backMs } = wanted
    const known = knownSeries(older, wanted)
    if (known !== undefined) {
      known.series.need = { ...need, kinds: known.series.need.kinds }
      return { ...known, lookBackMs: backMs }
    }
    const prepared = isFilled ? null : (this.#preparation?.filling?.give(tagNo, latenessMs) ?? null)
    if (prepared !== null && this.#mayTakeOver(prepared, wanted)) {
      const { series, nextSeq } = prepared
      series.moveTo(this.#budget)
      series.need = { ...need, kinds: series.need.kinds }
      return { series, lookBackMs: backMs, isFilled, nextSeq }
    }
    return { series: new Series(latenessMs, need, this.#budget), lookBackMs: backMs, isFilled, nextSeq: null }
  }

  /** Other rules may have changed since, and windows in force may have grown. */
  #mayTakeOver(prepared: PreparedSeries, { need, backMs }: WantedSeries): boolean {
    const { readings, readingsMax } = this.#budget
    const { series } = prepared
    return prepared.backMs >= backMs && covers(series.need, need) && readings + series.readings.size < readingsMax
  }
}
