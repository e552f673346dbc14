/** Resolves true when the condition holds, false when it did not within the time. */
export async function holdsWithin(timeMs: number, condition: () => boolean): Promise<boolean> {
  const deadlineMs = performance.now() + timeMs
  while (!condition()) {
    if (performance.now() > deadlineMs) return false
    await pause(2)
  }
  return true
}

export const pause = (timeMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, timeMs))
