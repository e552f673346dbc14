/**
 * Resolves with the reason when this process shall stop: SIGINT, SIGTERM, or, where it runs under a supervisor
 * (`supervised`), the end of its standard input, which comes also when the supervisor is killed and can say nothing.
 */
export function untilStopped(options: { supervised: boolean }): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve('SIGINT'))
    process.once('SIGTERM', () => resolve('SIGTERM'))
    if (options.supervised) {
      process.stdin.once('end', () => resolve('the supervisor has gone'))
      process.stdin.once('error', () => resolve('the supervisor has gone'))
      process.stdin.resume()
    }
  })
}
