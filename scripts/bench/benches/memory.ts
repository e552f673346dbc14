import { readFileSync } from 'node:fs'
import type { DesiredItem } from '@jidoka/domain'
import type { LoadAnswer, LoadQuestion } from '../../../edge/server/bench/load.ts'
import { ask } from '../../../edge/server/bench/processes.ts'
import { startBenchAppliance } from '../appliance.ts'

const rulesCount = 1_000
/** Machines of the load generator's connections; each rule is of one of them, so that every reading is judged by twenty rules. */
const machinesCount = 25
const connections = 25

/** Resident memory of a whole appliance with 1,000 rules, MB, after so many readings of its life. */
export async function memoryAfter(millionReadings: readonly number[]): Promise<readonly number[]> {
  // The first start after a change of the program compiles it, which takes memory that no later one needs.
  await (await startBenchAppliance()).stop()
  const appliance = await startBenchAppliance(Array.from({ length: rulesCount }, (_, index) => ruleOf(index)))
  try {
    const found: number[] = []
    let sentMillions = 0
    for (const millions of millionReadings) {
      const question: LoadQuestion = {
        port: appliance.mqttPort,
        connections,
        window: 100,
        samplesCount: 1,
        warmUpMs: 0,
        acksMax: (millions - sentMillions) * 1_000_000,
        measuredMs: 600_000,
        credentials: appliance.device,
      }
      const { acksInAll } = await ask<LoadAnswer>('./load.ts', question)
      if (acksInAll < (question.acksMax ?? 0)) throw new Error(`only ${acksInAll} readings were stored`)
      sentMillions = millions
      found.push(residentMb(appliance.pid))
    }
    return found
  } finally {
    await appliance.stop()
  }
}

function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kb === undefined) throw new Error('this system does not tell the resident memory of a process')
  return Number(kb) / 1024
}

function ruleOf(index: number): DesiredItem {
  const name = `limit-${index}`
  return {
    kind: 'rule',
    key: name,
    version: 1,
    body: {
      id: name,
      version: 1,
      name: { ko: '온도 상한', en: 'Temperature limit' },
      enabled: true,
      trigger: {
        on: 'reading',
        sensor: index % 2 === 0 ? 'temperature' : `sensor-${index}`,
        equipment: [`PRESS-${(index % machinesCount) + 1}`],
      },
      inputs: [{ name: 'value', from: 'trigger', kind: 'number', max_age_s: 86_400 }],
      parameters: { high: { value: 90 + index, name: { ko: '상한', en: 'High' } } },
      script: 'if input.value > params.high { verdict("HIGH", 0.95) } else { verdict("NORMAL", 0.8) }',
      normal_statuses: ['NORMAL'],
      alarms: { HIGH: 'high' },
      hysteresis: { raise_after_count: 1, return_after_count: 1 },
      cool_down_s: 0,
      confidence_min: 0,
      examples: [],
    },
  }
}
