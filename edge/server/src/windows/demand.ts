import { resolvedInputs, triggerSensor } from '@jidoka/domain'
import type { ChartInput, RuleDefinition, RuleTrigger, TagPlace, WindowInput } from '@jidoka/domain'
import { specOf } from './window-spec.ts'
import type { WindowSpec } from './window-spec.ts'

/** A window that a rule wants of every tag that fits. */
interface Demand {
  readonly sensor: string
  readonly spec: WindowSpec
  readonly maxAgeMs: number
  readonly fits: (place: TagPlace) => boolean
  /** Where tags that may fit look for it: at their line, at their equipment, or wherever they are. */
  readonly shelves: readonly string[]
}

export interface WantedWindow {
  readonly spec: WindowSpec
  /** The highest age that any rule allows. */
  readonly maxAgeMs: number
}

/** Which windows the rules in force want of which tags. Equal windows are one object. */
export class WindowDemands {
  /** By sensor, then by shelf: a rule that names its equipment costs the tags of others nothing. */
  readonly #bySensor = new Map<string, Map<string, Demand[]>>()
  readonly #specs = new Map<string, WindowSpec>()
  readonly #byInput = new WeakMap<object, WindowSpec>()

  /** `before`: what was wanted until now; windows that are wanted still stay the same objects. */
  constructor(definitions: Iterable<RuleDefinition>, before: WindowDemands | null = null) {
    for (const definition of definitions) {
      for (const demand of demandsOf(definition)) this.#add(demand, before)
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
    const shelves = this.#bySensor.get(place.sensor)
    if (shelves === undefined) return []
    for (const shelf of shelvesOf(place))
      for (const { spec, maxAgeMs, fits } of shelves.get(shelf) ?? [])
        if (fits(place)) ages.set(spec, Math.max(ages.get(spec) ?? 0, maxAgeMs))
    return [...ages].map(([spec, maxAgeMs]) => ({ spec, maxAgeMs }))
  }

  #add(demand: Demand, before: WindowDemands | null): void {
    const key = JSON.stringify(demand.spec)
    const spec = this.#specs.get(key) ?? (before === null ? undefined : before.#specs.get(key)) ?? demand.spec
    this.#specs.set(key, spec)
    const ofSensor = this.#bySensor.get(demand.sensor) ?? new Map<string, Demand[]>()
    this.#bySensor.set(demand.sensor, ofSensor)
    for (const shelf of demand.shelves) {
      const known = ofSensor.get(shelf)
      if (known === undefined) ofSensor.set(shelf, [{ ...demand, spec }])
      else known.push({ ...demand, spec })
    }
  }
}

/** The windows that a rule wants, each of every tag that fits. */
export function demandsOf(definition: RuleDefinition): readonly Demand[] {
  if (!hasWindows(definition)) return []
  const { trigger } = definition
  return resolvedInputs(definition).flatMap((input) => {
    if (input.from !== 'window' && input.from !== 'chart') return []
    const sensor = input.sensor ?? triggerSensor(trigger)
    return sensor === null ? [] : [demandOf(trigger, sensor, input)]
  })
}

export const hasWindows = ({ inputs }: RuleDefinition): boolean =>
  inputs.some(({ from }) => from === 'window' || from === 'chart')

function demandOf(trigger: RuleTrigger, sensor: string, input: WindowInput | ChartInput): Demand {
  const spec = specOf(input)
  const maxAgeMs = input.max_age_s * 1_000
  const isOfLine = (line: string) => trigger.lines === undefined || trigger.lines.includes(line)
  const ofLines = trigger.lines === undefined ? [anywhere] : [...new Set(trigger.lines)].map(lineShelf)
  if (trigger.on === 'mes' || triggerSensor(trigger) === null) {
    const fits = ({ line, equipment }: TagPlace) => isOfLine(line) && equipment === null
    return { sensor, spec, maxAgeMs, fits, shelves: ofLines }
  }
  const { equipment: named } = trigger
  if (named === undefined) return { sensor, spec, maxAgeMs, fits: ({ line }) => isOfLine(line), shelves: ofLines }
  // Another sensor may be the line's, where the equipment has none.
  const mayBeTheLines = input.sensor !== undefined
  const fits = ({ line, equipment }: TagPlace) =>
    isOfLine(line) && (equipment === null ? mayBeTheLines : named.includes(equipment))
  const ofEquipment = [...new Set(named)].map(equipmentShelf)
  return { sensor, spec, maxAgeMs, fits, shelves: mayBeTheLines ? [...ofEquipment, noEquipment] : ofEquipment }
}

const anywhere = '*'
const noEquipment = '-'
const lineShelf = (line: string): string => `line ${line}`
const equipmentShelf = (equipment: string): string => `equipment ${equipment}`

const shelvesOf = ({ line, equipment }: TagPlace): readonly string[] => [
  anywhere,
  lineShelf(line),
  equipment === null ? noEquipment : equipmentShelf(equipment),
]
