import { recognise } from '@jidoka/contract'
import type { Locale } from '@jidoka/domain'
import type { Translate } from '../i18n/messages.ts'
import { toldText } from '../i18n/told.ts'
import type { uiMessages } from '../messages/index.ts'
import { describeError } from './describe-error.ts'
import { ProblemError } from './errors.ts'

/** One sentence for an error that passes by. A conflict that has a sentence of its own is no colleague's change. */
export function failureText(error: unknown, t: Translate<(typeof uiMessages)['en']>, locale: Locale): string {
  if (error instanceof ProblemError && error.is('conflict') && recognise(error.problem.detail) !== null)
    return toldText(error.problem.detail, locale).text
  return describeError(error, t).sentence
}
