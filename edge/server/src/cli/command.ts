/** Where a command writes and reads; handed in so that tests need no process. */
export interface CommandContext {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Resolves when what was written has gone on to its reader, where that may be slow. */
  readonly drained?: () => Promise<void>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Ends commands that would run for ever. */
  readonly signal: AbortSignal
}

/**
 * 0: done. 1: could not be done. 2: called wrongly. 3: done, and the answer is no (a rule that fails its examples, an
 * appliance that is not well). 130: stopped by its user before it was done.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 130

/** Called wrongly: shown with the help of the command. */
export class UsageError extends Error {
  override name = 'UsageError'
}

export interface Command {
  readonly name: string
  readonly summary: string
  readonly help: string
  run(args: readonly string[], context: CommandContext): Promise<ExitCode>
}

export const dataFolderOf = (option: string | undefined, context: CommandContext): string =>
  option ?? context.environment['JIDOKA_DATA'] ?? 'data/edge'
