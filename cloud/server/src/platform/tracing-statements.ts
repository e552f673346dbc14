import type { OpenSpan } from '@jidoka/base'
import { openSpan } from '@jidoka/base'

/** Of a whole text only this much is looked at for its name; ours are told apart by it. */
const textLettersLookedAt = 4_000
/** Texts are of the program, a few hundred; should some be put together by input, they are not kept. */
const namesKept = 1_000
const names = new Map<string, string>()

const firstWord = /^\s*(?:--[^\n]*\n\s*)*([a-z]+)/i
const firstTable = /\b(?:from|into|update|join|table)\s+(?:if not exists\s+|only\s+)?([a-z_]\w*\.[a-z_]\w*)/i

/** What a statement is called in traces: its own name, or its verb and its first table. Never a value. */
export function nameOfStatement(statement: string | { readonly name: string }): string {
  if (typeof statement !== 'string') return statement.name
  const known = names.get(statement)
  if (known !== undefined) return known
  const head = statement.slice(0, textLettersLookedAt)
  const verb = (firstWord.exec(head)?.[1] ?? 'statement').toLowerCase()
  const table = firstTable.exec(head)?.[1]
  const name = table === undefined ? verb : `${verb} ${table}`
  if (names.size < namesKept) names.set(statement, name)
  return name
}

const statementFacts = { 'db.system.name': 'postgresql' } as const

/** A statement as a part of its transaction; null where nothing is recorded. */
export function openStatement(statement: string | { readonly name: string }): OpenSpan | null {
  const span = openSpan('', { kind: 'client', facts: statementFacts })
  span?.rename(nameOfStatement(statement))
  return span
}

export function endStatement(span: OpenSpan, answer: Promise<{ rowCount: number | null }>): void {
  answer
    .then(
      ({ rowCount }) => span.set({ 'db.response.returned_rows': rowCount ?? 0 }),
      (error: unknown) => span.fail(error),
    )
    .finally(() => span.end())
}
