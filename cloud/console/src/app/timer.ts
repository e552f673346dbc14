/** Calls `expired` after that time, unless the function that it returns was called before. */
export function browserTimer(expired: () => void, ms: number): () => void {
  const timer = setTimeout(expired, ms)
  return () => clearTimeout(timer)
}
