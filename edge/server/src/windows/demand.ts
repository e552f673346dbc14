import { resolvedInputs, triggerSensor } from '@jidoka/domain'
import type { ChartInput, RuleDefinition, TagPlace, WindowInput } from '@jidoka/domain'
import { specOf } from './window-spec.ts'
import type { WindowSpec } from './window-spec.ts'

/** A window that a rule wants of every tag that fits. */
interface Demand {
  readonly spec: WindowSpec
  readonly maxAgeMs: number
  readonly fits: (place: TagPlace) => boolean
}

export interface WantedWindow {
  readonly spec: WindowSpec
  /** The highest age that any rule allows. */
  readonly maxAgeMs: number
}

/** Which windows the rules in force want of which tags. Equal windows are one object. */
export class WindowDemands {
  readonly #bySensor = new Map<string, Demand[]>()
  readonly #specs = new Map<string, WindowSpec>()
  readonly #byInput = new WeakMap<object, WindowSpec>()

  /** `before`: what was wanted until now; windows that are wanted still stay the same objects. */
  constructor(definitions: Iterable<RuleDefinition>, before: WindowDemands | null = null) {
    for (const definition of definitions) {
      for (const input of resolvedInputs(definition)) {
        if (input.from === 'window' || input.from === 'chart') this.#add(definition.trigger, input, before)
      }
    }
  }

  /** The window that an input asks for, as the one object that stands for it; undefined where no rule wants it. */
  spec(input: WindowInput | ChartInput): WindowSpec | undefined {
    const known = this.#byInput.get(input)
    if (known !== undefined) return known
    const spec = this.#specs.get(JSON.stringify(specOf(input)))
    if (spec !== undefined) this.#byInput.set(input, spec)
    return spec
  }

  wantedOf(place: TagPlace): readonly WantedWindow[] {
    const ages = new Map<WindowSpec, number>()
    for (const { spec, maxAgeMs, fits } of this.#bySensor.get(place.sensor) ?? [])
      if (fits(place)) ages.set(spec, Math.max(ages.get(spec) ?? 0, maxAgeMs))
    return [...ages].map(([spec, maxAgeMs]) => ({ spec, maxAgeMs }))
  }

  #add(trigger: RuleDefinition['trigger'], input: WindowInput | ChartInput, before: WindowDemands | null): void {
    const sensor = input.sensor ?? triggerSensor(trigger)
    if (sensor === null) return
    const wanted = specOf(input)
    const key = JSON.stringify(wanted)
    const spec = this.#specs.get(key) ?? (before === null ? undefined : before.#specs.get(key)) ?? wanted
    this.#specs.set(key, spec)
    const isOwn = input.sensor === undefined
    const demand: Demand = {
      spec,
      maxAgeMs: input.max_age_s * 1_000,
      fits: ({ line, equipment }) => {
        if (trigger.lines !== undefined && !trigger.lines.includes(line)) return false
        if (trigger.on === 'mes' || triggerSensor(trigger) === null) return equipment === null
        if (trigger.equipment === undefined) return true
        // Another sensor may be the line's, where the equipment has none.
        return equipment === null ? !isOwn : trigger.equipment.includes(equipment)
      },
    }
    const ofSensor = this.#bySensor.get(sensor)
    if (ofSensor === undefined) this.#bySensor.set(sensor, [demand])
    else ofSensor.push(demand)
  }
}
