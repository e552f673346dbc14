import type { Reporter, TestModule } from 'vitest/node'

/** Prints why tests were skipped, and the closing line `N passed, N failed, N skipped`. */
export default class Summary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 }
    const reasons = new Map<string, number>()
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      // A file that does not even load has no tests: it must not pass for an empty one.
      if (module.state() === 'failed' && tests.every((test) => test.result().state !== 'failed')) counts.failed++
      for (const test of tests) {
        const result = test.result()
        if (result.state === 'passed') counts.passed++
        else if (result.state === 'failed') counts.failed++
        else {
          counts.skipped++
          const reason =
            (result.state === 'skipped' ? result.note : undefined) ?? `no reason given: ${module.relativeModuleId}`
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
        }
      }
    }
    for (const [reason, count] of reasons) console.log(`skipped ${count}: ${reason}`)
    if (process.env['JIDOKA_NO_SKIP'] === '1' && counts.skipped > 0) {
      console.log('A skip is a failure here: everything that the tests need is to be installed.')
      process.exitCode = 1
    }
    console.log(
      `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`,
    )
  }
}
