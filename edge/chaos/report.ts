import type { Findings } from './compare/findings.ts'
import { describe, isClean } from './compare/findings.ts'

/** One line of the table that a mode ends with. */
export interface Row {
  readonly name: string
  readonly runs: number
  /** How often the appliance was killed, cut off, filled up. */
  readonly blows: number
  readonly acknowledged: number
  readonly lost: number
  readonly doubled: number
  readonly gaps: number
  readonly verdictsMadeAgain: number
  /** Judgments that came out again when the readings were judged anew, summed over all looks. */
  readonly judgedAnew: number
  readonly seed: number
  /** More to say, in a few words. */
  readonly note: string
}

export interface Outcome {
  readonly row: Row
  /** What must not be, each with how to see it again; empty when all is well. */
  readonly failures: readonly string[]
}

const columns: readonly (readonly [title: string, of: (row: Row) => string])[] = [
  ['mode', (row) => row.name],
  ['runs', (row) => String(row.runs)],
  ['blows', (row) => String(row.blows)],
  ['acknowledged', (row) => row.acknowledged.toLocaleString('en')],
  ['lost', (row) => row.lost.toLocaleString('en')],
  ['doubled', (row) => row.doubled.toLocaleString('en')],
  ['gaps', (row) => String(row.gaps)],
  ['verdicts made again', (row) => row.verdictsMadeAgain.toLocaleString('en')],
  ['judged anew', (row) => row.judgedAnew.toLocaleString('en')],
  ['seed', (row) => String(row.seed)],
  ['', (row) => row.note],
]

export function table(rows: readonly Row[]): string {
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, of]) => of(row)))]
  const widths = columns.map((_, column) => Math.max(...cells.map((each) => each[column]?.length ?? 0)))
  return cells
    .map((each) =>
      each
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Adds up what several looks found. */
export class Tally {
  readonly failures: string[] = []
  #acknowledged = 0
  #lost = 0
  #doubled = 0
  #gaps = 0
  #verdicts = 0
  #judgedAnew = 0

  /** @param where what to say of a failure: which run, seed and folder */
  add(findings: Findings, where: string): void {
    this.#lost += findings.lostCount
    this.#doubled += findings.doubledCount
    this.#gaps = Math.max(this.#gaps, findings.gaps)
    this.#verdicts += findings.verdictsMadeAgain
    this.#judgedAnew += findings.judgedAnew
    this.#acknowledged += findings.acknowledged
    if (!isClean(findings)) this.failures.push(`${where}\n${describe(findings)}`)
  }

  fail(sentence: string): void {
    this.failures.push(sentence)
  }

  outcome(row: Pick<Row, 'name' | 'runs' | 'blows' | 'seed' | 'note'>): Outcome {
    return {
      row: {
        ...row,
        acknowledged: this.#acknowledged,
        lost: this.#lost,
        doubled: this.#doubled,
        gaps: this.#gaps,
        verdictsMadeAgain: this.#verdicts,
        judgedAnew: this.#judgedAnew,
      },
      failures: this.failures,
    }
  }
}
