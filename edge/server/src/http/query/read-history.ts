import type { History } from '@jidoka/contract'
import type { JournalReader } from '../../ports.ts'
import { thin } from './thin.ts'

export interface HistoryQuestion {
  readonly key: string
  readonly fromMs: number
  readonly toMs: number
  readonly points: number
}
export type HistoryAnswer = Pick<History, 'times_ms' | 'values' | 'readings_count'>

export const historyLimits = {
  /** One minute a step: the reader decodes a bounded number of segments a call, and at 1,500 commits a second a minute stays below it. */
  stepMs: 60_000,
  /** 6 s in all: then what has been read, the newest part of the span, is the answer. The caller waits 10 s at most. */
  timeMsMax: 6_000,
} as const

/** Reads a span backwards, newest first, so that what a person looks at is there even where the time runs out. */
export function readHistory(
  reader: Pick<JournalReader, 'history'>,
  question: HistoryQuestion,
  elapsedMs: () => number,
): HistoryAnswer {
  const { key, fromMs, toMs, points } = question
  const steps: ReturnType<JournalReader['history']>[] = []
  for (let endMs = toMs; endMs >= fromMs && elapsedMs() < historyLimits.timeMsMax; endMs -= historyLimits.stepMs) {
    steps.push(reader.history(key, Math.max(fromMs, endMs - historyLimits.stepMs + 1), endMs))
  }
  const count = steps.reduce((sum, step) => sum + step.timesMs.length, 0)
  const [timesMs, values] = [new Float64Array(count), new Float64Array(count)]
  let at = 0
  for (const step of steps.toReversed()) {
    timesMs.set(step.timesMs, at)
    values.set(step.values, at)
    at += step.timesMs.length
  }
  return { ...thin({ timesMs, values }, fromMs, toMs, points), readings_count: count }
}
