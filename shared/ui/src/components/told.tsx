import { useUi } from '../context/ui-context.tsx'
import { toldText } from '../i18n/told.ts'

/** A sentence that a program said of itself, in the reader's language where it is known; its own words are the title then. */
export function Told({ text }: { text: string }) {
  const { locale } = useUi()
  const told = toldText(text, locale)
  if (told.locale !== locale) return <span lang={told.locale}>{text}</span>
  return told.text === text ? <>{text}</> : <span title={text}>{told.text}</span>
}
