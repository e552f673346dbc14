import { OperationalError } from '@jidoka/base'

/** The journal's folder cannot be opened as it is; the sentence says what to do. */
export class JournalOpenError extends OperationalError {
  override name = 'JournalOpenError'
  readonly folder: string

  constructor(folder: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.folder = folder
  }
}

/** There is no space to open it. */
export class JournalFullError extends JournalOpenError {
  override name = 'JournalFullError'
}

/** The database itself is damaged. What can be read of it can be taken into a new one; see keeping/salvage.ts. */
export class JournalDamagedError extends JournalOpenError {
  override name = 'JournalDamagedError'
}

export type StoreProblem = 'full' | 'input_output' | 'damaged' | 'other'

/** A commit failed and was rolled back. Nothing of it may be acknowledged. */
export class StoreProblemError extends OperationalError {
  override name = 'StoreProblemError'
  readonly problem: StoreProblem

  constructor(problem: StoreProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
  }
}

const sentences: Record<StoreProblem, string> = {
  full: 'The disk of the data folder is full: nothing is stored or acknowledged until there is space. Free some, or give the folder a larger disk.',
  input_output:
    'The disk of the data folder answers with errors: nothing is stored or acknowledged until it works again. Check the disk and its cable.',
  damaged:
    'The journal is damaged: nothing can be stored. The appliance ends; its next start takes what can be read into a new journal and says what is missing.',
  other: 'The journal cannot be written: nothing is stored or acknowledged until it can.',
}

/** There is too little space to go on, though a small commit might pass. */
export const fullError = (freeBytes: number): StoreProblemError =>
  new StoreProblemError('full', `${sentences.full} (${Math.floor(freeBytes / 1_048_576)} MiB are free)`)

/** Null for what is no fault of the store: that is a bug of ours and must not be retried. */
export function toStoreProblem(error: unknown): StoreProblemError | null {
  if (error instanceof StoreProblemError) return error
  if (
    !(error instanceof Error) ||
    !('code' in error) ||
    typeof error.code !== 'string' ||
    !error.code.startsWith('SQLITE_')
  )
    return null
  const code = error.code
  // A broken constraint or a statement that does not fit is a bug of this program; retrying would hide it.
  if (
    code.startsWith('SQLITE_CONSTRAINT') ||
    code === 'SQLITE_ERROR' ||
    code === 'SQLITE_MISUSE' ||
    code === 'SQLITE_RANGE' ||
    code === 'SQLITE_MISMATCH'
  )
    return null
  const problem: StoreProblem = code.startsWith('SQLITE_FULL')
    ? 'full'
    : code.startsWith('SQLITE_IOERR')
      ? 'input_output'
      : code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB')
        ? 'damaged'
        : 'other'
  return new StoreProblemError(problem, `${sentences[problem]} (${error.message}, ${code})`, { cause: error })
}
