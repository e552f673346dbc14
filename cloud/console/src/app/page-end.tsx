import { Button, ErrorNote } from '@jidoka/ui'
import type { ReactNode } from 'react'
import { useText } from './console-context.tsx'

interface ReadPages {
  readonly error: unknown
  readonly isReading: boolean
  readonly retry: () => void
  readonly more: (() => void) | null
}

/** What stands below a list that is read page by page: what did not come, and more of it or that this was all. */
export function PageEnd({ list, end }: { list: ReadPages; end: ReactNode }) {
  const t = useText()
  return (
    <>
      {list.error === null ? null : <ErrorNote error={list.error} onRetry={list.retry} />}
      {list.more === null ? (
        <p className="second small">{end}</p>
      ) : (
        <div>
          <Button busy={list.isReading} onClick={list.more}>
            {t('judgments.more')}
          </Button>
        </div>
      )}
    </>
  )
}
