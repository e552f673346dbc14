import type { RuleTrigger } from '@jidoka/domain'
import type { Plant, Tag } from './plant.ts'
import type { RuleGroup } from './rule-group.ts'
import type { RuleInstance } from './rule-instance.ts'
import type { Triggered, TriggerIndex } from './trigger-index.ts'
import { isOfTag, linesMax } from './trigger-index.ts'

/** Whether rules of this period are to judge now. */
export type IsDue = (everyMs: number) => boolean

/** A multiple of the period was passed, once or many times. Also when the clock was set back across one: it would wait for it a second time else. */
export const isPassed = (everyMs: number, sinceMs: number, nowMs: number): boolean =>
  Math.floor(nowMs / everyMs) !== Math.floor(sinceMs / everyMs)

/** A group of rules on the clock, and where it judges. Its subjects are made at its first instant. */
interface TimedGroup {
  readonly group: RuleGroup
  /** Of tags and lines, those that have come since its last instant. */
  places: (Tag | string)[]
  readonly triggered: Triggered[]
}

/** Which subjects the clock triggers. What is new is looked at once: a thousand rules at ten thousand sensors are too many pairs to try at each sweep. */
export class Timers {
  readonly #triggers: TriggerIndex
  readonly #plant: Plant
  /** Those of which the following was made: others, once rules have changed. */
  #groups: readonly RuleGroup[] | null = null
  #timed: readonly TimedGroup[] = []
  /** Groups at tags by their sensor, and groups at any line that is known. */
  #bySensor: ReadonlyMap<string, readonly TimedGroup[]> = new Map()
  #atAnyLine: readonly TimedGroup[] = []
  #knownTags: boolean[] = []
  readonly #knownLines = new Set<string>()

  constructor(triggers: TriggerIndex, plant: Plant) {
    this.#triggers = triggers
    this.#plant = plant
  }

  /**
   * The subjects of each group that is due. Judging one group may take a rule out, and all groups are made anew
   * then: a rule that had its turn has no second one.
   */
  *due(isDue: IsDue): Generator<readonly Triggered[]> {
    const done = new Set<RuleInstance>()
    for (;;) {
      this.#learnGroups()
      const groups = this.#timed.filter(
        ({ group }) => isDue(periodOf(group.trigger)) && group.rules.some((rule) => !done.has(rule)),
      )
      if (groups.length === 0) return
      this.#learnPlaces()
      for (const timed of groups) {
        for (const rule of timed.group.rules) done.add(rule)
        this.#learnSubjects(timed)
        yield timed.triggered
        if (this.#triggers.groups() !== this.#groups) break
      }
    }
  }

  #learnGroups(): void {
    const groups = this.#triggers.groups()
    if (groups === this.#groups) return
    this.#groups = groups
    this.#knownTags = []
    this.#knownLines.clear()
    this.#timed = groups
      .filter(({ trigger }) => trigger.on === 'timer')
      .map((group) => ({ group, places: [...new Set(linesNamed(group.trigger))], triggered: [] }))
    this.#bySensor = Map.groupBy(this.#timed, ({ group }) => sensorOf(group.trigger) ?? '')
    this.#atAnyLine = this.#timed.filter(
      ({ group: { trigger } }) => sensorOf(trigger) === undefined && trigger.lines === undefined,
    )
  }

  #learnPlaces(): void {
    for (const tag of this.#plant.tags()) {
      if (this.#knownTags[tag.tagNo] === true) continue
      this.#knownTags[tag.tagNo] = true
      const { line, equipment, sensor } = tag.place
      for (const timed of this.#bySensor.get(sensor) ?? [])
        if (isOfTag(timed.group.trigger, line, equipment, sensor)) timed.places.push(tag)
      this.#learnLine(line)
    }
    for (const line of this.#plant.factLines()) this.#learnLine(line)
  }

  #learnSubjects(timed: TimedGroup): void {
    const { group, places, triggered } = timed
    timed.places = []
    for (const place of places) {
      if (typeof place === 'string') {
        triggered.push(...this.#triggers.triggered(group, place, place, null))
        continue
      }
      const { line, equipment } = place.place
      for (const each of this.#triggers.triggered(group, place.key, line, equipment)) {
        each.subject.tag = place
        triggered.push(each)
      }
    }
  }

  #learnLine(line: string): void {
    if (this.#knownLines.has(line) || this.#knownLines.size >= linesMax) return
    this.#knownLines.add(line)
    for (const timed of this.#atAnyLine) timed.places.push(line)
  }
}

/** Of a group on the clock, which is in no list of these otherwise. */
const periodOf = (trigger: RuleTrigger): number => (trigger.on === 'timer' ? trigger.every_s * 1_000 : Infinity)

const sensorOf = (trigger: RuleTrigger): string | undefined => (trigger.on === 'mes' ? undefined : trigger.sensor)

/** Lines that a rule names are judged even before anything has come from them. */
const linesNamed = (trigger: RuleTrigger): readonly string[] =>
  sensorOf(trigger) === undefined ? (trigger.lines ?? []) : []
