import assert from 'node:assert/strict'
import { isNormal, ruleSource } from '@jidoka/domain'
import type { RuleDefinition } from '@jidoka/domain'
import { RuleEngine } from '@jidoka/rules'
import type { CompiledRule } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { machineKey } from '../plant/plant.ts'
import type { PlacedSensor, Plant } from '../plant/plant.ts'
import type { ProductionEvent } from '../plant/production/events.ts'
import { Sampler } from '../plant/sampler.ts'

export interface SeenAlarm {
  readonly rule: string
  readonly subject: string
  readonly status: string
  /** Plant time since the watch began. */
  readonly afterMs: number
}

interface Standing {
  status: string
  candidate: string
  count: number
}

/**
 * Judges a plant's readings with real rules in the real engine, as an edge does, only without its journal: inputs,
 * previous status and hysteresis as `@jidoka/domain` describes them. Every alarm that a rule would raise is written down.
 */
export class RuleWatch {
  readonly alarms: SeenAlarm[] = []
  readonly #plant: Plant
  readonly #rules: readonly { definition: RuleDefinition; compiled: CompiledRule }[]
  readonly #engine = RuleEngine.create(loadRuleModule())
  readonly #sampler: Sampler
  readonly #last = new Map<string, number>()
  readonly #standing = new Map<string, Standing>()
  readonly #startMs: number

  constructor(plant: Plant, rules: readonly RuleDefinition[]) {
    this.#plant = plant
    this.#startMs = plant.timeMs
    this.#rules = rules.map((definition) => {
      const outcome = this.#engine.compile(ruleSource(definition))
      assert(outcome.ok, `${definition.id}: ${outcome.ok ? '' : outcome.error.message}`)
      return { definition, compiled: outcome.rule }
    })
    const sampled = plant.sensors.map((sensor) => ({
      number: sensor.number,
      periodMs: sensor.periodMs,
      device: machineKey(sensor.line, sensor.equipment),
    }))
    this.#sampler = new Sampler(sampled, plant.timeMs)
  }

  /** Lets the plant run for a while of its own time, at its own rate. */
  run(forMs: number): void {
    const untilMs = this.#plant.timeMs + forMs
    while (this.#plant.timeMs < untilMs) {
      const toMs = Math.min(untilMs, this.#plant.timeMs + 1_000)
      for (const due of this.#sampler.advanceTo(toMs)) {
        this.#plant.advanceTo(due.atMs)
        this.#reading(due.sensor, due.atMs)
      }
      this.#plant.advanceTo(toMs)
      for (const event of this.#plant.takeEvents()) this.#produced(event)
    }
  }

  #reading(sensorNumber: number, atMs: number): void {
    const sensor = this.#plant.sensors[sensorNumber]
    assert(sensor !== undefined)
    const value = this.#plant.read(sensorNumber, atMs)
    this.#last.set(sensor.key, value)
    for (const { definition, compiled } of this.#rules) {
      if (definition.trigger.on !== 'reading' || definition.trigger.sensor !== sensor.sensor) continue
      const row = this.#row(definition, sensor, value)
      if (row !== null) this.#judge(definition, compiled, sensor.key, row)
    }
  }

  #row(definition: RuleDefinition, sensor: PlacedSensor, value: number): Record<string, unknown> | null {
    const row: Record<string, unknown> = {}
    for (const input of definition.inputs) {
      if (input.from === 'trigger') row[input.name] = value
      else if (input.from === 'previous_status')
        row[input.name] = this.#standing.get(`${definition.id} ${sensor.key}`)?.status ?? ''
      else if (input.from === 'tag') {
        const last = this.#last.get(`${machineKey(sensor.line, sensor.equipment)}/${input.sensor}`)
        if (last === undefined) return null
        row[input.name] = last
      }
    }
    return row
  }

  #produced(event: ProductionEvent): void {
    if (event.type !== 'counted') return
    for (const { definition, compiled } of this.#rules) {
      if (definition.trigger.on !== 'mes') continue
      this.#judge(definition, compiled, event.line, {
        production_count: event.productionCount,
        defect_count: event.defectCount,
      })
    }
  }

  #judge(definition: RuleDefinition, compiled: CompiledRule, subject: string, row: Record<string, unknown>): void {
    const outcome = this.#engine.judge(compiled, row)
    assert(outcome.kind === 'verdict', `${definition.id} fails at ${subject}: ${JSON.stringify(outcome)}`)
    const { status } = outcome.verdict
    const key = `${definition.id} ${subject}`
    const standing = this.#standing.get(key) ?? { status: '', candidate: '', count: 0 }
    this.#standing.set(key, standing)
    standing.count = status === standing.candidate ? standing.count + 1 : 1
    standing.candidate = status
    const { raise_after_count, return_after_count } = definition.hysteresis
    const needed = isNormal(definition, status) ? return_after_count : raise_after_count
    if (status === standing.status || standing.count < needed) return
    standing.status = status
    if (definition.alarms[status] !== undefined)
      this.alarms.push({ rule: definition.id, subject, status, afterMs: this.#plant.timeMs - this.#startMs })
  }
}
