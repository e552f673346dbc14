/** Runs checks one after another; a failed one is told with its reason, and the next has its turn. */
export class Steps {
  passed = 0
  failed = 0

  async run<Result>(name: string, check: () => Promise<Result>): Promise<Result | null> {
    const fromMs = performance.now()
    const seconds = () => ((performance.now() - fromMs) / 1000).toFixed(1)
    try {
      const result = await check()
      this.passed++
      console.log(`  ✓ ${name} (${seconds()} s)`)
      return result
    } catch (error) {
      this.failed++
      console.log(
        `  ✗ ${name} (${seconds()} s)\n    ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      )
      return null
    }
  }

  summary(): string {
    return `${this.passed} passed, ${this.failed} failed`
  }
}

/** Asks again until the answer is there; the deadline is what a person would wait. */
export async function eventually<Answer>(
  what: string,
  withinS: number,
  ask: () => Promise<Answer | null | false>,
): Promise<Answer> {
  const deadlineMs = performance.now() + withinS * 1000
  for (;;) {
    const answer = await ask()
    if (answer !== null && answer !== false) return answer
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinS} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}
