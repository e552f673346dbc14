/**
 * Where in the text a line and column are, both counted from 1. The engine counts characters; a text area counts UTF-16
 * units, of which a character beyond the basic plane has two.
 */
export function offsetOf(script: string, line: number, column: number): number {
  const lines = script.split('\n')
  const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0)
  const within = Array.from(lines[line - 1] ?? '')
    .slice(0, Math.max(0, column - 1))
    .join('').length
  return Math.min(script.length, before + within)
}
