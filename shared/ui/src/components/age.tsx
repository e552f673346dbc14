import { useTick, useUi, useUiMessages } from '../context/ui-context.tsx'
import { ageMs, formatDuration } from '../i18n/duration.ts'
import { useFormat } from '../context/use-format.ts'

/** True while `at` is older than that; a value that never came is. */
export function useStale(at: string | null, staleAfterS: number): boolean {
  return useTick((nowMs) => {
    const age = ageMs(at, nowMs)
    return age === null || age > staleAfterS * 1_000
  })
}

/** `12 s`, ticking; the instant itself as its title. With `staleAfterS` it says so, in words, once that has passed. */
export function Age({ at, staleAfterS }: { at: string | null; staleAfterS?: number }) {
  const { locale } = useUi()
  const t = useUiMessages()
  const format = useFormat()
  const text = useTick((nowMs) => {
    const age = ageMs(at, nowMs)
    return age === null ? null : formatDuration(age, locale)
  })
  const stale = useStale(at, staleAfterS ?? Number.POSITIVE_INFINITY) && at !== null
  if (at === null || text === null) return <span className="age second">{t('age.none')}</span>
  return (
    <time className={stale ? 'age age-stale' : 'age second'} dateTime={at} title={format.instant(at, 'full')}>
      {stale ? `${text} · ${t('age.stale')}` : text}
    </time>
  )
}

/** The site's time of day. */
export function Clock() {
  const format = useFormat()
  const nowS = useTick((nowMs) => Math.floor(nowMs / 1_000))
  return (
    <time className="age" dateTime={new Date(nowS * 1_000).toISOString()}>
      {format.instant(nowS * 1_000, 'second')}
    </time>
  )
}
