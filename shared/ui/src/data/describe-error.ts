import { recognise, type Problem, type ProblemKind } from '@jidoka/contract'
import type { AlarmRefusal, Locale } from '@jidoka/domain'
import type { Translate } from '../i18n/messages.ts'
import { toldText } from '../i18n/told.ts'
import type { uiMessages } from '../messages/index.ts'
import { plainRuleProblem } from '../messages/rule-problems.ts'
import { ConnectionError, ProblemError } from './errors.ts'

type UiTranslate = Translate<(typeof uiMessages)['en']>

/** A missing kind does not compile; the same table tells the client which kinds it knows. */
export const problemMessage = {
  invalid_input: 'problem.invalid_input',
  not_signed_in: 'problem.not_signed_in',
  wrong_credentials: 'problem.wrong_credentials',
  not_permitted: 'problem.not_permitted',
  not_found: 'problem.not_found',
  method_not_allowed: 'problem.method_not_allowed',
  conflict: 'problem.conflict',
  too_large: 'problem.too_large',
  storage_full: 'problem.storage_full',
  unsupported_media_type: 'problem.unsupported_media_type',
  too_many_requests: 'problem.too_many_requests',
  rule_refused: 'problem.rule_refused',
  alarm_refused: 'problem.alarm_refused',
  unavailable: 'problem.unavailable',
  timed_out: 'problem.timed_out',
  slow_request: 'problem.slow_request',
  under_way: 'problem.under_way',
  key_reused: 'problem.key_reused',
  internal: 'problem.internal',
} as const satisfies Record<ProblemKind, string>

export const refusalMessage = {
  already_acknowledged: 'refusal.already_acknowledged',
  already_returned: 'refusal.already_returned',
  still_active: 'refusal.still_active',
  not_shelved: 'refusal.not_shelved',
  not_out_of_service: 'refusal.not_out_of_service',
  is_shelved: 'refusal.is_shelved',
  is_out_of_service: 'refusal.is_out_of_service',
  is_cleared: 'refusal.is_cleared',
} as const satisfies Record<AlarmRefusal, string>

function isRefusal(reason: string | undefined): reason is AlarmRefusal {
  return reason !== undefined && Object.hasOwn(refusalMessage, reason)
}

export interface ErrorDescription {
  /** What happened and what to do, in the reader's language. */
  readonly sentence: string
  /** Particulars in the server's words: fields of a form, a place in a script, the request's number. */
  readonly details: readonly string[]
}

/** The place stands before it already. */
const withoutPlace = ({ detail, line, column }: Problem): string => {
  const place = `Line ${line}, column ${column}: `
  return detail.startsWith(place) ? detail.slice(place.length) : detail
}

/** Kinds whose own words (English, from the program) say more than our sentence does: which field, which line, which colleague. */
const withDetail: ReadonlySet<ProblemKind> = new Set<ProblemKind>(['conflict', 'unavailable', 'too_large'])

/** The one translator from an error to a sentence. */
export function describeError(error: unknown, t: UiTranslate, locale: Locale = 'en'): ErrorDescription {
  if (error instanceof ConnectionError) return { sentence: t(`connection.${error.kind}`), details: [] }
  if (!(error instanceof ProblemError)) return { sentence: t('error.unexpected'), details: [] }
  const { problem } = error
  // A conflict that has a sentence of its own is no colleague's change.
  if (problem.kind === 'conflict' && recognise(problem.detail) !== null)
    return { sentence: toldText(problem.detail, locale).text, details: [] }
  const details: string[] = []
  if (problem.line !== undefined)
    details.push(t('problem.at_line', { line: problem.line, column: problem.column ?? 1 }))
  if (problem.kind === 'rule_refused') details.push(plainRuleProblem(withoutPlace(problem), locale))
  else if (withDetail.has(problem.kind)) details.push(problem.detail)
  // Without fields that are marked the server's own sentence is all there is, such as what is wrong with a file.
  const isUnmarked = problem.kind === 'invalid_input' && (problem.errors ?? []).length === 0
  if (isUnmarked) details.push(problem.detail)
  for (const field of problem.errors ?? [])
    details.push(field.path === '' ? field.message : `${field.path}: ${field.message}`)
  if (problem.kind === 'internal' && problem.request_id !== undefined)
    details.push(t('problem.request_id', { id: problem.request_id }))
  const sentence =
    problem.kind === 'alarm_refused' && isRefusal(problem.reason)
      ? t(refusalMessage[problem.reason])
      : t(isUnmarked ? 'problem.not_accepted' : problemMessage[problem.kind])
  return { sentence, details }
}
