import { unjudged } from '@jidoka/domain'
import { useCallback } from 'react'
import { useUiMessages } from '../context/ui-context.tsx'
import { uiMessages } from '../messages/index.ts'
import type { Condition } from './condition.ts'
import { ConditionMark } from './mark.tsx'

type StatusKey = Extract<keyof (typeof uiMessages)['en'], `status.${string}`>
const isStatusKey = (key: string): key is StatusKey => Object.hasOwn(uiMessages.en, key)

/** A rule's status in the reader's language; one that only the plant knows stands as its author wrote it, with spaces. */
export function useStatusText(): (status: string) => string {
  const t = useUiMessages()
  return useCallback(
    (status) => {
      const key = `status.${status}`
      return isStatusKey(key) ? t(key) : status.replaceAll('_', ' ')
    },
    [t],
  )
}

/** `condition` is what the verdict means: its alarm's priority if it has one. Left out: abnormal, unjudged or normal. */
export function StatusBadge({ status, normal, condition }: { status: string; normal: boolean; condition?: Condition }) {
  const text = useStatusText()
  const shown = condition ?? (status === unjudged ? 'unjudged' : normal ? 'normal' : 'abnormal')
  return (
    <span className={`status-badge status-badge-${shown === 'normal' ? 'normal' : 'abnormal'}`}>
      <ConditionMark condition={shown} />
      <span>{text(status)}</span>
    </span>
  )
}
