import { parentPort } from 'node:worker_threads'
import { observeEngine } from './coverage.ts'
import { noTotals } from './runs.ts'
import type { RunAnswer, RunQuestion } from './runs.ts'
import { runWorld } from './run-world.ts'

const met = observeEngine()

parentPort?.on('message', ({ fromSeed, worlds, bug }: RunQuestion) => {
  const totals = noTotals()
  const disturbances = new Map<string, number>()
  for (const cell of met.keys()) met.set(cell, 0)
  let failed: number | null = null
  for (let seed = fromSeed; seed < fromSeed + worlds && failed === null; seed++) {
    const report = runWorld(seed, { bug })
    totals.worlds++
    for (const name of [
      'simulatedMs',
      'rows',
      'messages',
      'crashes',
      'merges',
      'dropped',
      'lostTransactions',
      'epochs',
    ] as const)
      totals[name] += report[name]
    for (const kind of report.disturbances) disturbances.set(kind, (disturbances.get(kind) ?? 0) + 1)
    if (report.violations.length > 0) failed = seed
  }
  const answer: RunAnswer = { failed, totals, disturbances: [...disturbances], coverage: [...met] }
  parentPort?.postMessage(answer)
})
