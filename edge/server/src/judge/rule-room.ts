import { ruleProblemText, triggerSensor } from '@jidoka/domain'
import type { RuleDefinition } from '@jidoka/domain'
import { demandsOf } from '../windows/demand.ts'
import { judgeLimits } from './limits.ts'
import type { Plant, Tag } from './plant.ts'
import { isOfTag } from './trigger-index.ts'

/** A rule that is counted. */
interface Counted {
  readonly definition: RuleDefinition
  readonly pairs: number
}

/**
 * What the rules in force take of the memory by the tags that there are: pairs of a rule and a subject, and series of windows. Counted on
 * from one look to the next, so that a change of a thousand rules does not look at all of them a thousand times.
 */
export class RuleRoom {
  readonly #plant: Plant
  readonly #pairsMax: number
  readonly #counted = new Map<string, Counted>()
  /** How many windows are taken from each series. */
  readonly #windowsOfSeries = new Map<string, number>()
  #pairs = 0
  #tagsCount = -1
  #tagsBySensor = new Map<string, Tag[]>()
  #linesCount = 0

  constructor(plant: Plant, pairsMax: number = judgeLimits.pairsMax) {
    this.#plant = plant
    this.#pairsMax = pairsMax
  }

  /** Why a rule must not be put in force beside these, as a sentence; null when there is room, or when it takes no more than before. */
  refusal(definition: RuleDefinition, inForce: readonly RuleDefinition[]): string | null {
    if (!definition.enabled) return null
    this.#learn(inForce)
    const before = { pairs: this.#pairs, series: this.#windowsOfSeries.size }
    this.#take(definition.id)
    this.#put(definition)
    const [pairs, series] = [this.#pairs, this.#windowsOfSeries.size]
    if (pairs > this.#pairsMax && pairs > before.pairs)
      return ruleProblemText('places_too_many', { places: pairs, allowed: this.#pairsMax })
    const { seriesMax } = this.#plant.windows
    if (series > seriesMax && series > before.series)
      return ruleProblemText('series_too_many', { series, allowed: seriesMax })
    return null
  }

  /** Whether these rules judge everywhere. */
  hasRoomFor(inForce: readonly RuleDefinition[]): boolean {
    this.#learn(inForce)
    return this.#pairs <= this.#pairsMax
  }

  /** Brings the count up to the rules and tags that there are. */
  #learn(inForce: readonly RuleDefinition[]): void {
    this.#learnTags()
    const ids = new Set(inForce.map(({ id }) => id))
    for (const id of this.#counted.keys()) if (!ids.has(id)) this.#take(id)
    for (const definition of inForce) {
      if (this.#counted.get(definition.id)?.definition === definition) continue
      this.#take(definition.id)
      this.#put(definition)
    }
  }

  /** Tags come and stay until all are forgotten: their number says whether they are the same. */
  #learnTags(): void {
    let count = 0
    for (const _ of this.#plant.tags()) count++
    if (count === this.#tagsCount) return
    this.#tagsCount = count
    this.#tagsBySensor = Map.groupBy(this.#plant.tags(), ({ place }) => place.sensor)
    this.#linesCount = new Set([...this.#plant.tags()].map(({ place }) => place.line)).size
    this.#forgetRules()
  }

  /** Tags may come back as others. */
  forget(): void {
    this.#tagsCount = -1
    this.#tagsBySensor.clear()
    this.#forgetRules()
  }

  #forgetRules(): void {
    this.#counted.clear()
    this.#windowsOfSeries.clear()
    this.#pairs = 0
  }

  #put(definition: RuleDefinition): void {
    const pairs = this.#pairsOf(definition)
    this.#counted.set(definition.id, { definition, pairs })
    this.#pairs += pairs
    for (const key of this.#seriesOf(definition))
      this.#windowsOfSeries.set(key, (this.#windowsOfSeries.get(key) ?? 0) + 1)
  }

  #take(id: string): void {
    const counted = this.#counted.get(id)
    if (counted === undefined) return
    this.#counted.delete(id)
    this.#pairs -= counted.pairs
    for (const key of this.#seriesOf(counted.definition)) {
      const windows = this.#windowsOfSeries.get(key) ?? 0
      if (windows > 1) this.#windowsOfSeries.set(key, windows - 1)
      else this.#windowsOfSeries.delete(key)
    }
  }

  #pairsOf({ trigger }: RuleDefinition): number {
    const sensor = triggerSensor(trigger)
    if (sensor === null) return trigger.lines?.length ?? this.#linesCount
    return (this.#tagsBySensor.get(sensor) ?? []).filter(({ place }) =>
      isOfTag(trigger, place.line, place.equipment, sensor),
    ).length
  }

  *#seriesOf(definition: RuleDefinition): Generator<string> {
    for (const { sensor, spec, fits } of demandsOf(definition))
      for (const { tagNo, place } of this.#tagsBySensor.get(sensor) ?? [])
        if (fits(place)) yield `${tagNo} ${spec.latenessMs}`
  }
}
