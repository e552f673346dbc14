import type { Locale } from '@jidoka/domain'
import { themes, type Theme } from '../context/preferences.ts'
import { useUi, useUiMessages } from '../context/ui-context.tsx'
import { Choice } from './choice.tsx'

/** Each language in its own words: who cannot read the present one must still find theirs. */
const languages = [
  { value: 'ko', label: '한국어' },
  { value: 'en', label: 'English' },
] as const satisfies readonly { value: Locale; label: string }[]

export function LanguageSwitch() {
  const { locale, chooseLocale } = useUi()
  const t = useUiMessages()
  return <Choice<Locale> label={t('language.label')} options={languages} value={locale} onChange={chooseLocale} />
}

export function ThemeSwitch() {
  const { theme, chooseTheme } = useUi()
  const t = useUiMessages()
  return (
    <Choice<Theme>
      label={t('theme.label')}
      options={themes.map((value) => ({ value, label: t(`theme.${value}`) }))}
      value={theme}
      onChange={chooseTheme}
    />
  )
}
