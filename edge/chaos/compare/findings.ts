/** What a comparison of the publishers' records with the store came to. */
export interface Findings {
  /** Messages, since the last look. */
  readonly acknowledged: number
  /** Acknowledged readings that are not stored: publisher and number of the reading, the first ones. */
  readonly lost: readonly string[]
  readonly lostCount: number
  /** Readings of one publish that are stored twice. */
  readonly doubled: readonly string[]
  readonly doubledCount: number
  /** Everything else that must not be: sequences, digests, verdicts. One sentence each. */
  readonly faults: readonly string[]
  readonly readings: number
  readonly records: number
  /** Ranges that the journal says it dropped. */
  readonly gaps: number
  /** Judgments that came since the last look. */
  readonly verdictsMadeAgain: number
  /** Judgments that came out again when the readings that are held were judged anew. */
  readonly judgedAnew: number
}

export const isClean = (findings: Findings): boolean =>
  findings.lostCount === 0 && findings.doubledCount === 0 && findings.faults.length === 0

export function describe(findings: Findings): string {
  return [
    ...(findings.lostCount > 0
      ? [`${findings.lostCount} acknowledged readings are lost: ${findings.lost.join(', ')}`]
      : []),
    ...(findings.doubledCount > 0
      ? [`${findings.doubledCount} readings are stored twice: ${findings.doubled.join(', ')}`]
      : []),
    ...findings.faults,
  ].join('\n')
}
