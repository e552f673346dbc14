import type { Judgment } from '@jidoka/domain'
import type { DeadLetter, JudgmentFilter } from '../ports.ts'
import type { Database } from './database.ts'

/** Rows of one answer, whatever the caller asks for. */
const rowsMax = 1_000

/** Looks at what was judged and refused; each answer is bounded. */
export class JudgmentReader {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  judgments(filter: JudgmentFilter) {
    const conditions: string[] = []
    const values: (string | number)[] = []
    const where = (condition: string, value: string | number | undefined) => {
      if (value === undefined) return
      conditions.push(condition)
      values.push(value)
    }
    where('j.line = ?', filter.line)
    where('j.rule_id = ?', filter.ruleId)
    where('j.status = ?', filter.status)
    where('j.abnormal = ?', filter.abnormal === undefined ? undefined : Number(filter.abnormal))
    where('j.at_ms >= ?', filter.fromMs)
    where('j.at_ms < ?', filter.toMs)
    where('j.seq < ?', filter.beforeSeq)
    const rows = this.#all<{ seq: number; line: string }>(
      `select j.seq, r.line from judgments j join records r on r.seq = j.seq
       ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''} order by j.seq desc limit ?`,
      ...values,
      Math.min(filter.limit, rowsMax),
    )
    return rows.map((row) => ({ seq: row.seq, judgment: bodyOf(row.line) as Judgment }))
  }

  judgment(id: string): Judgment | null {
    const row = this.#all<{ line: string }>(
      'select r.line from judgments j join records r on r.seq = j.seq where j.id = ?',
      id,
    )[0]
    return row === undefined ? null : (bodyOf(row.line) as Judgment)
  }

  deadLetters(limit: number): readonly DeadLetter[] {
    return this.#all<DeadLetter>(
      'select at_ms as atMs, source, topic, reason, detail, sample from dead_letters order by id desc limit ?',
      Math.min(limit, rowsMax),
    )
  }

  #all<Row>(sql: string, ...values: readonly (string | number)[]): Row[] {
    return this.#database.prepare<(string | number)[], Row>(sql).all(...values)
  }
}

const bodyOf = (line: string): unknown => (JSON.parse(line) as { body: unknown }).body
