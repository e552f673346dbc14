import type { Node } from 'libpg-query'

export type { Node } from 'libpg-query'

/** A statement as PostgreSQL's own grammar reads it. */
export interface ParsedStatement {
  readonly text: string
  readonly node: Node
}

/** @throws SqlError for what is not SQL. */
export async function parseStatements(sql: string): Promise<ParsedStatement[]> {
  // Two megabytes of WebAssembly that a server which serves has no use for.
  const { parse } = await import('libpg-query')
  const bytes = Buffer.from(sql)
  const { stmts = [] } = await parse(sql)
  return stmts.flatMap(({ stmt, stmt_location: from = 0, stmt_len: length }) => {
    if (stmt === undefined) return []
    const text = bytes.subarray(from, length === undefined ? undefined : from + length).toString()
    return [{ text: withoutComments(text), node: stmt }]
  })
}

/** What stands before a statement belongs to it, as the parser counts. */
const withoutComments = (text: string): string =>
  text.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, '').trimEnd()

/** Whether `found` holds for a node of the tree, at whatever depth. */
export function someNode(tree: unknown, found: (node: Readonly<Record<string, unknown>>) => boolean): boolean {
  if (typeof tree !== 'object' || tree === null) return false
  if (!Array.isArray(tree) && found(tree as Readonly<Record<string, unknown>>)) return true
  return Object.values(tree).some((child) => someNode(child, found))
}
