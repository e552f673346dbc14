/** An operational error: something outside this program is not as it must be. Its message tells a person what to do. */
export class OperationalError extends Error {
  override name = 'OperationalError'
}

/** One sentence for each mistake of a configuration. */
export class ConfigError extends OperationalError {
  override name = 'ConfigError'
  readonly mistakes: readonly string[]
  readonly file: string | undefined

  constructor(mistakes: readonly string[], file?: string, options?: ErrorOptions) {
    super(mistakes.join('\n'), options)
    this.mistakes = mistakes
    this.file = file
  }
}

export function isErrno(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** The messages of an error and its causes in one line, for logs and the last word of a program. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.message || error.name
  // A sentence that names its cause already is not to say it twice.
  const isNew = (cause: string) => !own.includes(cause)
  if (error instanceof AggregateError) return [own, ...error.errors.map(describeError).filter(isNew)].join('; ')
  if (error.cause === undefined) return own
  const cause = describeError(error.cause)
  return isNew(cause) ? `${own} (${cause})` : own
}
