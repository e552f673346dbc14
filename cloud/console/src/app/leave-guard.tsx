import { Button, Dialog, navigate } from '@jidoka/ui'
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import type { BackGuard } from './back-guard.ts'
import { useText } from './console-context.tsx'

interface LeaveGuard {
  /** Does it, after asking where something is not saved. */
  readonly leave: (go: () => void) => void
  readonly setUnsaved: (unsaved: boolean) => void
}

const LeaveGuardContext = createContext<LeaveGuard | null>(null)

const isPlainClick = (event: MouseEvent): boolean =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey

/** Nothing that somebody has typed goes without a question: not by a link, not by Back, not by closing the tab. */
export function LeaveGuardProvider({ backGuard, children }: { backGuard: BackGuard; children: ReactNode }) {
  const [unsaved, setUnsaved] = useState(false)
  const [waiting, setWaiting] = useState<(() => void) | null>(null)
  const isUnsaved = useRef(false)
  useEffect(() => {
    isUnsaved.current = unsaved
  }, [unsaved])

  const leave = useCallback((go: () => void) => {
    if (isUnsaved.current) setWaiting(() => go)
    else go()
  }, [])

  useEffect(() => {
    if (!unsaved) return undefined
    const guarded = location.pathname + location.search
    const onClick = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest('a[href]') : null
      if (
        !(link instanceof HTMLAnchorElement) ||
        !isPlainClick(event) ||
        link.target === '_blank' ||
        link.origin !== location.origin
      )
        return
      const address = link.pathname + link.search
      if (link.hash !== '' && address === guarded) return
      event.preventDefault()
      event.stopPropagation()
      setWaiting(() => () => navigate(address))
    }
    backGuard.ask(() => {
      const address = location.pathname + location.search
      if (address === guarded) return false
      // The address has changed already: it is put back before anybody draws the other page.
      history.pushState(null, '', guarded)
      setWaiting(() => () => navigate(address))
      return true
    })
    const onClose = (event: BeforeUnloadEvent) => event.preventDefault()
    document.addEventListener('click', onClick, true)
    addEventListener('beforeunload', onClose)
    return () => {
      document.removeEventListener('click', onClick, true)
      backGuard.ask(null)
      removeEventListener('beforeunload', onClose)
    }
  }, [unsaved, backGuard])

  const guard = useMemo<LeaveGuard>(() => ({ leave, setUnsaved }), [leave])
  return (
    <LeaveGuardContext value={guard}>
      {children}
      {waiting === null ? null : (
        <LeaveDialog
          onStay={() => setWaiting(null)}
          onLeave={() => {
            setWaiting(null)
            setUnsaved(false)
            isUnsaved.current = false
            waiting()
          }}
        />
      )}
    </LeaveGuardContext>
  )
}

function LeaveDialog({ onStay, onLeave }: { onStay: () => void; onLeave: () => void }) {
  const t = useText()
  return (
    <Dialog
      title={t('leave.title')}
      onClose={onStay}
      footer={
        <>
          <Button onClick={onLeave}>{t('leave.discard')}</Button>
          <Button look="primary" onClick={onStay}>
            {t('leave.stay')}
          </Button>
        </>
      }
    >
      <p>{t('leave.body')}</p>
    </Dialog>
  )
}

function useLeaveGuard(): LeaveGuard {
  const guard = useContext(LeaveGuardContext)
  if (guard === null) throw new Error('the leave guard was asked for outside of <LeaveGuardProvider>')
  return guard
}

/** Goes somewhere, or does something that loses what is not saved. */
export const useLeave = () => useLeaveGuard().leave

/** Says that this page has something that is not saved. */
export function useUnsaved(unsaved: boolean): void {
  const { setUnsaved } = useLeaveGuard()
  useEffect(() => {
    setUnsaved(unsaved)
    return () => setUnsaved(false)
  }, [unsaved, setUnsaved])
}
