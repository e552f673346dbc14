import { useId, useLayoutEffect, useRef, type ReactNode } from 'react'
import { useUiMessages } from '../context/ui-context.tsx'
import { Button } from './button.tsx'

/** A native modal dialog: focus stays in it, Escape closes it, and focus goes back to where it was. */
export function Dialog({
  title,
  onClose,
  footer,
  children,
}: {
  title: string
  onClose: () => void
  footer?: ReactNode
  children: ReactNode
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  const t = useUiMessages()
  // Before it is taken from the page: a dialog that is closed after that gives focus back to nobody.
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    return () => element?.close()
  }, [])
  return (
    <dialog
      className="dialog"
      ref={dialog}
      aria-labelledby={titleId}
      onCancel={(event) => {
        // React decides whether it is there; the browser must not close it behind React's back.
        event.preventDefault()
        onClose()
      }}
    >
      <div className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <Button look="quiet" onClick={onClose}>
          {t('action.close')}
        </Button>
      </div>
      <div className="dialog-body">{children}</div>
      {footer ? <div className="dialog-foot">{footer}</div> : null}
    </dialog>
  )
}
