import { useState, type FormEvent } from 'react'
import { useToasts } from './toast.tsx'

export interface Submission {
  /** What is asked of the server; null while the form is not filled in. */
  readonly act: (() => Promise<unknown>) | null
  /** Said once it is done. */
  readonly done: string
  readonly onDone: () => void
  /** Absent: the form stays. */
  readonly onClose?: () => void
}

/**
 * What a form or a dialog does when it is sent: once at a time, busy meanwhile; then it says that it is done and closes, or stays open with the error.
 * `tried` from the first time on, so that mistakes are not shown before somebody has had a chance to make none.
 */
export function useSubmission({ act, done, onDone, onClose }: Submission) {
  const toasts = useToasts()
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (busy || act === null) return
    setBusy(true)
    setError(undefined)
    try {
      await act()
      toasts.done(done)
      setTried(false)
      onDone()
      onClose?.()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return { submit: (event: FormEvent) => void submit(event), tried, busy, error }
}
