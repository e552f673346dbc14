import { describeError, isErrno, OperationalError } from '@jidoka/base'

/** The database did not do it, and may the next time: nothing of what was asked is there, unless it was lost with the answer to a commit. */
export class DatabaseUnavailableError extends OperationalError {
  override name = 'DatabaseUnavailableError'
}

/** SQLSTATE of a database error, or "". */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** What `pg` says without a code when a connection breaks under it. */
const lostWords = /^Connection terminated|is not queryable$/
/** `admin_shutdown`, `crash_shutdown`, `cannot_connect_now`; the class `connection_exception`. */
const lostCodes = /^(?:57P0[1-3]|08...)$/

export const isConnectionLost = (error: unknown): boolean =>
  error instanceof Error &&
  (lostWords.test(error.message) || lostCodes.test(codeOf(error)) || isErrno(error, 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'))

/** What `pg` says without a code when it has waited long enough. */
const slowWords =
  /^timeout exceeded when trying to connect$|^Query read timeout$|^timeout expired$|after calling end on the pool$/
/**
 * `query_canceled`, `lock_not_available`, `idle_in_transaction_session_timeout`, `serialization_failure` and `deadlock_detected` (more often than they
 * are repeated), `too_many_connections`.
 */
const slowCodes = new Set(['57014', '55P03', '25P03', '40001', '40P01', '53300'])

/** The error as callers get it: one that is the database's state, and not a mistake of theirs or ours, under one name. */
export function asUnavailable(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DatabaseUnavailableError) return error
  const isPassing = isConnectionLost(error) || slowWords.test(error.message) || slowCodes.has(codeOf(error))
  return isPassing || isErrno(error, 'ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN')
    ? new DatabaseUnavailableError(`the database is not available: ${describeError(error)}`, { cause: error })
    : error
}
