import { cpus, loadavg } from 'node:os'
import type { Aim } from './aims.ts'

/** One measurement: called once a round, alternating with its peer, so that a noisy machine is noisy for both. */
export type Measure = () => Promise<number>

export interface BenchRow {
  /** As in the table of aims. */
  readonly name: string
  readonly unit: string
  readonly subject: Measure
  /** Absent where the yardstick is a limit; a string says why a peer cannot be measured here. */
  readonly peer?: Measure | string
}

export interface Bench {
  /** Starts what the rows need. A string says why the bench cannot run here at all. */
  prepare(): Promise<{ readonly rows: readonly BenchRow[]; close(): Promise<void> } | string>
  /** Versions of subject and peers, a line each. */
  readonly about?: () => Promise<readonly string[]>
}

export interface Result {
  readonly name: string
  readonly unit: string
  readonly subject: number | null
  readonly peer: number | null
  readonly ratio: number | null
  readonly aim: number
  readonly better: 'higher' | 'lower'
  /** Largest deviation from the median over the rounds, 0.05 = 5 %. */
  readonly spread: { readonly subject: number; readonly peer: number | null }
  readonly reason?: string
}

/** The least that shows a spread; more rounds only take time. */
const rounds = 3

export async function measure(row: BenchRow, aim: Aim): Promise<Result> {
  const base = { name: row.name, unit: row.unit, aim: aim.aim, better: aim.better }
  if (typeof row.peer === 'string') {
    return { ...base, subject: null, peer: null, ratio: null, spread: { subject: 0, peer: null }, reason: row.peer }
  }
  const subject: number[] = []
  const peer: number[] = []
  for (let round = 0; round < rounds; round++) {
    subject.push(await row.subject())
    if (row.peer) peer.push(await row.peer())
  }
  const value = median(subject)
  const yardstick = row.peer ? median(peer) : aim.limit
  if (yardstick === undefined) throw new Error(`"${row.name}" has neither a peer nor a limit`)
  return {
    ...base,
    subject: value,
    peer: row.peer ? yardstick : null,
    ratio: value / yardstick,
    spread: { subject: spread(subject), peer: row.peer ? spread(peer) : null },
  }
}

export function met(result: Result): boolean | null {
  if (result.ratio === null) return null
  return result.better === 'higher' ? result.ratio >= result.aim : result.ratio <= result.aim
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

function spread(values: readonly number[]): number {
  const middle = median(values)
  // What is counted and never happens deviates by nothing.
  return middle === 0 ? Math.max(...values) : Math.max(...values.map((value) => Math.abs(value - middle) / middle))
}

export function machine(): string {
  const [cpu] = cpus()
  return `${cpus().length} x ${cpu?.model ?? 'unknown'}, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`
}
