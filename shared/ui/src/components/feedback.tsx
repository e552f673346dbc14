import type { ReactNode } from 'react'
import { useUi, useUiMessages } from '../context/ui-context.tsx'
import { useFormat } from '../context/use-format.ts'
import { describeError } from '../data/describe-error.ts'
import type { Resource } from '../data/use-resource.ts'
import { Button } from './button.tsx'
import { Told } from './told.tsx'

/** What will be here, and what to do to get it. */
export function EmptyState({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children ? <div className="second">{children}</div> : null}
      {action}
    </div>
  )
}

/** An error as a sentence that says what to do. */
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useUiMessages()
  const { locale } = useUi()
  const { sentence, details } = describeError(error, t, locale)
  return (
    <div className="note note-error" role="alert">
      <div className="note-body">
        <p>{sentence}</p>
        {details.length === 0 ? null : (
          <ul className="note-details">
            {details.map((detail) => (
              <li key={detail}>
                <Told text={detail} />
              </li>
            ))}
          </ul>
        )}
      </div>
      {onRetry ? <Button onClick={onRetry}>{t('state.retry')}</Button> : null}
    </div>
  )
}

/** A strip over the page. `info` is neutral; the others take the colour of what they say. */
export function Banner({ tone, children }: { tone: 'info' | 'caution' | 'high' | 'critical'; children: ReactNode }) {
  return (
    <div className={`banner banner-${tone}`} role={tone === 'info' || tone === 'caution' ? 'status' : 'alert'}>
      {children}
    </div>
  )
}

export function Loading({ rows = 5 }: { rows?: number }) {
  const t = useUiMessages()
  return (
    <output className="skeleton" aria-label={t('state.loading')}>
      {Array.from({ length: rows }, (_, index) => (
        <span className="skeleton-row" key={index} style={{ width: `${92 - ((index * 17) % 40)}%` }} />
      ))}
    </output>
  )
}

/** A resource in each of its states: loading, failed, old (the last answer with the failure above it), there. */
export function ResourceView<Data>({
  resource,
  rows,
  children,
}: {
  resource: Resource<Data>
  rows?: number
  children: (data: Data) => ReactNode
}) {
  const t = useUiMessages()
  const format = useFormat()
  const { data, error, loadedAtMs, reload } = resource
  if (data === undefined)
    return error === undefined ? (
      <Loading {...(rows === undefined ? {} : { rows })} />
    ) : (
      <ErrorNote error={error} onRetry={reload} />
    )
  return (
    <>
      {error === undefined ? null : (
        <div className="stack">
          <ErrorNote error={error} onRetry={reload} />
          <p className="second">{t('state.older', { time: format.instant(loadedAtMs, 'dateSecond') })}</p>
        </div>
      )}
      {children(data)}
    </>
  )
}
