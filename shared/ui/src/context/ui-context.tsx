import type { Locale, LocalText } from '@jidoka/domain'
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from 'react'
import { knownZone } from '../i18n/format.ts'
import { translator, type Messages, type Translate } from '../i18n/messages.ts'
import { uiMessages } from '../messages/index.ts'
import { localeOfBrowser, readPreferences, writePreferences, type Preferences, type Theme } from './preferences.ts'
import type { Ticker } from './ticker.ts'

export interface Ui {
  readonly locale: Locale
  readonly theme: Theme
  /** The site's IANA zone; the browser's until the site is known. */
  readonly timeZone: string
  readonly ticker: Ticker
  readonly chooseLocale: (locale: Locale) => void
  readonly chooseTheme: (theme: Theme) => void
  /** The language of an account: holds as long as nobody has chosen one on this device. */
  readonly suggestLocale: (locale: Locale | null) => void
  readonly setTimeZone: (timeZone: string) => void
}

const UiContext = createContext<Ui | null>(null)

function storageOfBrowser(): Storage | undefined {
  try {
    return globalThis.localStorage
  } catch {
    return undefined
  }
}

/** Language, appearance, the site's zone and the page's timer; at the root of either user interface. */
export function UiProvider({ ticker, children }: { ticker: Ticker; children: ReactNode }) {
  const [preferences, setPreferences] = useState<Preferences>(() => readPreferences(storageOfBrowser()))
  const [suggested, setSuggested] = useState<Locale | null>(null)
  const [timeZone, setZone] = useState(() => new Intl.DateTimeFormat().resolvedOptions().timeZone)
  const locale = preferences.locale ?? suggested ?? localeOfBrowser(navigator.languages)

  const choose = useCallback((choice: Partial<Preferences>) => {
    setPreferences((before) => {
      const after = { ...before, ...choice }
      writePreferences(storageOfBrowser(), after)
      return after
    })
  }, [])

  useEffect(() => {
    const root = document.documentElement
    root.lang = locale
    if (preferences.theme === 'system') root.removeAttribute('data-theme')
    else root.dataset['theme'] = preferences.theme
  }, [locale, preferences.theme])

  const ui = useMemo<Ui>(
    () => ({
      locale,
      theme: preferences.theme,
      timeZone,
      ticker,
      chooseLocale: (chosen) => choose({ locale: chosen }),
      chooseTheme: (chosen) => choose({ theme: chosen }),
      suggestLocale: setSuggested,
      setTimeZone: (zone) => setZone(knownZone(zone)),
    }),
    [locale, preferences.theme, timeZone, ticker, choose],
  )
  return <UiContext value={ui}>{children}</UiContext>
}

/** Throws outside of UiProvider: a page without a language cannot be shown. */
export function useUi(): Ui {
  const ui = useContext(UiContext)
  if (ui === null) throw new Error('useUi was called outside of <UiProvider>: put the provider at the root of the page')
  return ui
}

export function useMessages<English extends Readonly<Record<string, string>>>(
  messages: Messages<English>,
): Translate<English> {
  const { locale } = useUi()
  return useMemo(() => translator(messages, locale), [messages, locale])
}

export const useUiMessages = () => useMessages(uiMessages)

/** Picks the reader's language out of a text that has both. */
export function useLocalText(): (text: LocalText) => string {
  const { locale } = useUi()
  return useCallback((text) => text[locale], [locale])
}

/** Whatever `read` makes of the present instant; renders again only when that changes, at most once a second. */
export function useTick<Result extends string | number | boolean | null>(read: (nowMs: number) => Result): Result {
  const { ticker } = useUi()
  const snapshot = () => read(ticker.tickMs())
  // The third is for drawing to text, where there is nothing to subscribe to.
  return useSyncExternalStore(ticker.subscribe, snapshot, snapshot)
}
