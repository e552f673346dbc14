import { readFileSync } from 'node:fs'
import type { Finding, PiiKind } from './finding.ts'

/** A sentence of fixtures/ with what in it is personal. */
export interface LabelledSentence {
  readonly text: string
  readonly expected: readonly Finding[]
}

const kinds: Readonly<Record<string, PiiKind>> = { n: 'name', p: 'phone', e: 'email', r: 'resident_number' }

export function readSentences(name: string): LabelledSentence[] {
  return readFileSync(new URL(`./fixtures/${name}.txt`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parse)
}

function parse(line: string): LabelledSentence {
  let text = ''
  const expected: Finding[] = []
  let at = 0
  for (const { 0: whole, 1: letter = '', 2: content = '', index } of line.matchAll(/⟨(\w)\|([^⟩]+)⟩/g)) {
    const kind = kinds[letter]
    if (kind === undefined) throw new Error(`the mark "${letter}" means no kind: ${line}`)
    text += line.slice(at, index)
    expected.push({ kind, from: text.length, to: text.length + content.length })
    text += content
    at = index + whole.length
  }
  return { text: text + line.slice(at), expected }
}

export interface Score {
  readonly found: number
  readonly missed: readonly string[]
  readonly wrong: readonly string[]
  readonly precision: number
  readonly recall: number
}

/** How findings of one kind compare with what was expected; a finding counts when it begins and ends where it should. */
export function scoreOf(
  kind: PiiKind,
  sentences: readonly LabelledSentence[],
  detect: (text: string) => readonly Finding[],
): Score {
  let found = 0
  const missed: string[] = []
  const wrong: string[] = []
  for (const { text, expected } of sentences) {
    const wanted = expected.filter((each) => each.kind === kind)
    const got = detect(text).filter((each) => each.kind === kind)
    const isSame = (left: Finding, right: Finding) => left.from === right.from && left.to === right.to
    for (const each of wanted)
      if (got.some((other) => isSame(each, other))) found++
      else missed.push(`${text.slice(each.from, each.to)} | ${text}`)
    for (const each of got)
      if (!wanted.some((other) => isSame(each, other))) wrong.push(`${text.slice(each.from, each.to)} | ${text}`)
  }
  return {
    found,
    missed,
    wrong,
    precision: found / Math.max(1, found + wrong.length),
    recall: found / Math.max(1, found + missed.length),
  }
}
