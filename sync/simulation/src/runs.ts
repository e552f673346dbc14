import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { PlantedBug } from './options.ts'

/** What a thread is asked for: worlds from one seed on, up to the first that fails. */
export interface RunQuestion {
  readonly fromSeed: number
  readonly worlds: number
  readonly bug: PlantedBug | null
}

export interface RunTotals {
  worlds: number
  simulatedMs: number
  rows: number
  messages: number
  crashes: number
  merges: number
  dropped: number
  lostTransactions: number
  epochs: number
}

export interface RunAnswer {
  /** Seed of the first world that failed. */
  readonly failed: number | null
  readonly totals: RunTotals
  readonly disturbances: readonly (readonly [string, number])[]
  readonly coverage: readonly (readonly [string, number])[]
}

export const noTotals = (): RunTotals => ({
  worlds: 0,
  simulatedMs: 0,
  rows: 0,
  messages: 0,
  crashes: 0,
  merges: 0,
  dropped: 0,
  lostTransactions: 0,
  epochs: 0,
})

/** Fifty worlds are about a second: short enough that the threads end together, long enough that questions cost nothing. */
const worldsPerQuestion = 50
/** More than two threads only help where nothing else runs. */
export const threadsAtMost = Math.min(2, availableParallelism())

/** Plays worlds on two threads; the rest is given up once one has failed. */
export async function playWorlds(
  { fromSeed, worlds, bug }: RunQuestion,
  onAnswer: (answer: RunAnswer) => void,
  threads: number = threadsAtMost,
): Promise<number | null> {
  let failed: number | null = null
  let next = 0
  const question = (): RunQuestion | null => {
    if (next >= worlds || failed !== null) return null
    const count = Math.min(worldsPerQuestion, worlds - next)
    next += count
    return { fromSeed: fromSeed + next - count, worlds: count, bug }
  }
  const play = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('worker.ts', import.meta.url))
      const ask = () => {
        const asked = question()
        if (asked === null) worker.terminate().then(() => resolve(), reject)
        else worker.postMessage(asked)
      }
      worker.on('error', reject)
      worker.on('message', (answer: RunAnswer) => {
        onAnswer(answer)
        if (answer.failed !== null) failed = Math.min(failed ?? answer.failed, answer.failed)
        ask()
      })
      ask()
    })
  await Promise.all(Array.from({ length: threads }, play))
  return failed
}
