import type { Locale } from '@jidoka/domain'

/** Browsers send less than 100 letters. */
const headerLettersMax = 500
const rangeForm = /^\s*([a-z]{1,8}|\*)(?:-[\w-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*$/i

/** The language of an Accept-Language header that is ours and wanted most; Korean where none is said. Of two that are wanted alike the first. */
export function localeOf(header: string | undefined): Locale {
  let best: { locale: Locale; weight: number } | undefined
  for (const range of (header ?? '').slice(0, headerLettersMax).split(',')) {
    const [, language, weight = '1'] = rangeForm.exec(range) ?? []
    const locale = language?.toLowerCase()
    if (locale !== 'ko' && locale !== 'en') continue
    if (Number(weight) > (best?.weight ?? 0)) best = { locale, weight: Number(weight) }
  }
  return best?.locale ?? 'ko'
}
