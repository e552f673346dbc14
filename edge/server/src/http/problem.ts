import type { Problem, ProblemKind } from '@jidoka/contract'

type Extra = Pick<Problem, 'errors' | 'line' | 'column' | 'reason'> & { readonly retryAfterS?: number }

/** An answer that is no success: thrown by routes, translated by `problemResponse` (RFC 9457). `detail` says what to do next. */
export class HttpProblem extends Error {
  override name = 'HttpProblem'
  readonly kind: ProblemKind
  readonly extra: Extra

  constructor(kind: ProblemKind, detail: string, extra: Extra = {}, options?: ErrorOptions) {
    super(detail, options)
    this.kind = kind
    this.extra = extra
  }
}

export const notFound = (what: string): HttpProblem =>
  new HttpProblem('not_found', `There is no ${what}. It may have been removed; load the list again.`)
