import type { Locale } from '@jidoka/domain'

export type Theme = 'system' | 'light' | 'dark'
export const themes: readonly Theme[] = ['system', 'light', 'dark']

/** What somebody chose on this device. Null where nothing was chosen. */
export interface Preferences {
  readonly locale: Locale | null
  readonly theme: Theme
}

const storageKey = 'jidoka.preferences'

/** Kiosk browsers and private windows may refuse storage: the choice then lasts as long as the page. */
export function readPreferences(storage: Storage | undefined): Preferences {
  try {
    const stored = JSON.parse(storage?.getItem(storageKey) ?? 'null') as Partial<
      Record<keyof Preferences, unknown>
    > | null
    return {
      locale: stored?.locale === 'ko' || stored?.locale === 'en' ? stored.locale : null,
      theme: themes.find((theme) => theme === stored?.theme) ?? 'system',
    }
  } catch {
    return { locale: null, theme: 'system' }
  }
}

/** True when it was kept. */
export function writePreferences(storage: Storage | undefined, preferences: Preferences): boolean {
  if (!storage) return false
  try {
    storage.setItem(storageKey, JSON.stringify(preferences))
    return true
  } catch {
    return false
  }
}

/** The first of a browser's languages that the product speaks; English where it speaks none of them. */
export function localeOfBrowser(languages: readonly string[]): Locale {
  for (const language of languages) {
    if (language.toLowerCase().startsWith('ko')) return 'ko'
    if (language.toLowerCase().startsWith('en')) return 'en'
  }
  return 'en'
}
