export type RouteParameters = Readonly<Record<string, string>>

/** `/lines/:code` and `/lines/A%2F1` give `{ code: 'A/1' }`; null when they do not fit. A slash at the end means nothing. */
export function matchPath(pattern: string, path: string): RouteParameters | null {
  const wanted = pattern.split('/').filter(Boolean)
  const given = path.split('/').filter(Boolean)
  if (wanted.length !== given.length) return null
  const parameters: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? ''
    if (!part.startsWith(':')) {
      if (part !== value) return null
      continue
    }
    try {
      parameters[part.slice(1)] = decodeURIComponent(value)
    } catch {
      return null
    }
  }
  return parameters
}
