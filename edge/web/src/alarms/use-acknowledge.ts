import { edgePaths, fill, type BoardAlarm } from '@jidoka/contract'
import { alarmStep } from '@jidoka/domain'
import { ProblemError, refusalMessage, useLocalText, useToasts, useUiMessages } from '@jidoka/ui'
import { useCallback, useState } from 'react'
import { useLiveBoard } from '../board/live-context.tsx'
import { useText } from '../messages/index.ts'
import { useMay, useSession } from '../session/session-context.tsx'

export interface Acknowledge {
  /** Why it cannot be acknowledged now, in a sentence; null when it can. */
  readonly refusal: (alarm: BoardAlarm) => string | null
  readonly isBusy: (alarm: BoardAlarm) => boolean
  readonly acknowledge: (alarm: BoardAlarm) => void
}

/** One tap: what the server answers is on the board at once, without waiting for the stream. */
export function useAcknowledge(): Acknowledge {
  const t = useText()
  const ui = useUiMessages()
  const localText = useLocalText()
  const { api } = useSession()
  const live = useLiveBoard()
  const toasts = useToasts()
  const may = useMay('alarm:acknowledge')
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set())

  const refusal = useCallback(
    (alarm: BoardAlarm) => {
      if (!may) return ui('refusal.not_permitted')
      const step = alarmStep(alarm.state, 'acknowledge')
      return 'refused' in step ? ui(refusalMessage[step.refused]) : null
    },
    [may, ui],
  )

  const acknowledge = useCallback(
    async (alarm: BoardAlarm) => {
      if (refusal(alarm) !== null) return
      setBusy((before) => new Set(before).add(alarm.id))
      try {
        const { data } = await api.post<BoardAlarm>(fill(edgePaths.acknowledge, { id: alarm.id }))
        live.apply({ event: 'alarm', data })
        toasts.done(t('alarm.acknowledged_toast', { name: `${localText(alarm.rule_name)} · ${alarm.subject}` }))
      } catch (error) {
        toasts.failed(error)
        // Somebody was faster, or it has ended: the board here is behind.
        if (error instanceof ProblemError) live.refetch()
      } finally {
        setBusy((before) => new Set([...before].filter((id) => id !== alarm.id)))
      }
    },
    [refusal, api, live, toasts, t, localText],
  )

  return { refusal, acknowledge: (alarm) => void acknowledge(alarm), isBusy: (alarm) => busy.has(alarm.id) }
}
