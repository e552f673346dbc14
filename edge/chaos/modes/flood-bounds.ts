/** Latencies of the well-behaved before and in the flood, and what the appliance grew to. */
export interface Flooded {
  readonly calmMs: readonly number[]
  readonly floodedMs: readonly number[]
  readonly residentBytes: number
}

export const floodBounds = {
  /**
   * The p99 in the flood by the p99 before it. Measured 5 to 9, with two cores for the appliance, its 200 enemies and the
   * harness; without fair shares of what waits before the journal it was 35 and more.
   */
  p99RatioMax: 20,
  /** A calm p99 below this is taken as this: a machine with nothing to do answers in 10 ms, and any flood is many times that. */
  calmMsMin: 100,
  /** Measured 325 to 382 MB; without fair shares 640 to 780, and a client that made it grow without bound passes it within seconds. */
  residentBytesMax: 512 * 1024 * 1024,
} as const

/** What must not be, a sentence each. */
export function floodFaults({ calmMs, floodedMs, residentBytes }: Flooded): string[] {
  const faults: string[] = []
  const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MB`
  if (residentBytes > floodBounds.residentBytesMax)
    faults.push(
      `the appliance grew to ${megabytes(residentBytes)}, ${megabytes(floodBounds.residentBytesMax)} are allowed`,
    )
  if (floodedMs.length === 0) return [...faults, 'nothing of the well-behaved was acknowledged in the flood']
  const allowedMs = Math.max(percentile(calmMs, 0.99), floodBounds.calmMsMin) * floodBounds.p99RatioMax
  const p99Ms = percentile(floodedMs, 0.99)
  // Turned round, so that a calm without any acknowledgement fails as well.
  if (!(p99Ms <= allowedMs))
    faults.push(
      `the p99 of the well-behaved was ${p99Ms.toFixed(0)} ms in the flood, ${allowedMs.toFixed(0)} are allowed`,
    )
  return faults
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
