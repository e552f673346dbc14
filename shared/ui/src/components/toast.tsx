import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { useUi, useUiMessages } from '../context/ui-context.tsx'
import { describeError } from '../data/describe-error.ts'
import { Button } from './button.tsx'

interface Toast {
  readonly id: number
  readonly text: string
  readonly tone: 'done' | 'error'
  readonly undo: (() => void) | null
}

export interface Toasts {
  /** Something was done. With `undo` it can be taken back while the toast is there. */
  readonly done: (text: string, options?: { undo?: () => void }) => void
  /** Something failed; stays until it is dismissed. */
  readonly failed: (error: unknown) => void
}

const ToastsContext = createContext<Toasts | null>(null)

/** 8 s: long enough to read two lines in a second language and reach for Undo; an error stays. */
const shownMs = 8_000
/** Four cover half of a small panel; the oldest gives way. */
const countMax = 4

function ToastView({ toast, onGone }: { toast: Toast; onGone: () => void }) {
  const t = useUiMessages()
  useEffect(() => {
    if (toast.tone === 'error') return undefined
    const timer = setTimeout(onGone, shownMs)
    return () => clearTimeout(timer)
  }, [toast.tone, onGone])
  const { undo } = toast
  return (
    <div className={`toast toast-${toast.tone}`} role={toast.tone === 'error' ? 'alert' : 'status'}>
      <span>{toast.text}</span>
      <span className="toast-actions">
        {undo ? (
          <Button
            onClick={() => {
              undo()
              onGone()
            }}
          >
            {t('action.undo')}
          </Button>
        ) : null}
        <Button look="quiet" onClick={onGone}>
          {t('action.dismiss')}
        </Button>
      </span>
    </div>
  )
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([])
  const { locale } = useUi()
  const t = useUiMessages()
  const add = useCallback((toast: Omit<Toast, 'id'>) => {
    setToasts((before) => [...before, { ...toast, id: (before.at(-1)?.id ?? 0) + 1 }].slice(-countMax))
  }, [])
  const gone = useCallback((id: number) => setToasts((before) => before.filter((toast) => toast.id !== id)), [])
  const value = useMemo<Toasts>(
    () => ({
      done: (text, options) => add({ text, tone: 'done', undo: options?.undo ?? null }),
      failed: (error) => add({ text: describeError(error, t, locale).sentence, tone: 'error', undo: null }),
    }),
    [add, locale, t],
  )
  return (
    <ToastsContext value={value}>
      {children}
      <div className="toasts">
        {toasts.map((toast) => (
          <KeyedToast key={toast.id} toast={toast} gone={gone} />
        ))}
      </div>
    </ToastsContext>
  )
}

/** Keeps `onGone` the same between renders, so that a second toast does not start the first one's time anew. */
function KeyedToast({ toast, gone }: { toast: Toast; gone: (id: number) => void }) {
  const onGone = useCallback(() => gone(toast.id), [gone, toast.id])
  return <ToastView toast={toast} onGone={onGone} />
}

export function useToasts(): Toasts {
  const toasts = useContext(ToastsContext)
  if (toasts === null)
    throw new Error('useToasts was called outside of <ToastProvider>: put the provider inside <UiProvider>')
  return toasts
}
