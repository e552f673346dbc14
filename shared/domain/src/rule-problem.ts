import { ruleProblemTexts } from './rule-problem-texts.ts'

export type RuleProblemCode = keyof typeof ruleProblemTexts

/** What is wrong with a rule: what a page says in its own language. */
export interface RuleProblem {
  /** `other`: a sentence that this version does not know, or words of the script's parser; `values.text` is that sentence. */
  readonly code: RuleProblemCode | 'other'
  readonly values: Readonly<Record<string, string>>
  /** In the script, from 1; absent where there is no one place. */
  readonly line?: number
  readonly column?: number
}

/** Nobody reads more, and a script may have thrown as many. */
const problemsMax = 50
const placeholder = /\{(\w+)\}/g
const placed = /^Line (\d{1,9}), column (\d{1,9}): ([^]*)$/

/** The sentence of a code, as records, logs and programs hold it. */
export function ruleProblemText(code: RuleProblemCode, values: Readonly<Record<string, string | number>> = {}): string {
  return ruleProblemTexts[code].replace(placeholder, (whole, name: string) => String(values[name] ?? whole))
}

/**
 * Reads the problem of a rule as it was stored or reported: one sentence a line, each with its place in front where it has one. It is the
 * sentence that goes over the wire and into records, so that those who know no codes, and those who know others, have it whole.
 */
export function readRuleProblems(text: string): RuleProblem[] {
  const whole = readSentence(text)
  // What a script threw may have lines of its own.
  if (whole.code !== 'other') return [whole]
  return text
    .split('\n', problemsMax)
    .filter((line) => line.trim() !== '')
    .map(readSentence)
}

/** One sentence, with or without its place. */
function readSentence(text: string): RuleProblem {
  const [, line, column, sentence = text] = placed.exec(text) ?? []
  const place = line === undefined || column === undefined ? {} : { line: Number(line), column: Number(column) }
  for (const { code, pattern, names, hasMany } of patterns) {
    const values = pattern.exec(sentence)
    if (values === null || (!hasMany && sentence.includes('\n'))) continue
    return { code, values: Object.fromEntries(names.map((name, index) => [name, values[index + 1] ?? ''])), ...place }
  }
  return { code: 'other', values: { text: sentence }, ...place }
}

const patterns = Object.entries(ruleProblemTexts).map(([code, text]) => ({
  code: code as RuleProblemCode,
  names: [...text.matchAll(placeholder)].map(([, name = '']) => name),
  pattern: new RegExp(`^${text.split(placeholder).map(patternOf).join('')}$`, 's'),
  hasMany: text.includes('{problem}') || text.includes('{message}'),
}))

/** Of what is between placeholders, and of their names, in turn. */
function patternOf(part: string, index: number): string {
  if (index % 2 === 1) return part === 'problem' || part === 'message' ? '(.*)' : '(.+?)'
  return part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
