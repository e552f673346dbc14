import type { Problem, ProblemKind } from '@jidoka/contract'

/** The server answered with a problem (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }

  is(kind: ProblemKind): boolean {
    return this.problem.kind === kind
  }
}

/** No answer that could be read: the network, a proxy, or a server that is down. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly kind: 'unreachable' | 'timeout' | 'unreadable'
  readonly path: string

  constructor(kind: ConnectionError['kind'], path: string, cause?: unknown) {
    super(`${path}: ${kind}`, { cause })
    this.kind = kind
    this.path = path
  }
}

/** True for what `AbortController.abort()` leaves behind: a caller that no longer wants the answer, which is no failure. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
