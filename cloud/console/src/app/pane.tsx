import { Button, useUiMessages } from '@jidoka/ui'
import { useId, type ReactNode } from 'react'

/** A list and what is chosen in it, beside each other; below each other where the screen is narrow. */
export function Split({ list, pane }: { list: ReactNode; pane: ReactNode | null }) {
  return (
    <div className={pane === null ? 'split' : 'split split-open'}>
      <div className="split-list">{list}</div>
      {pane}
    </div>
  )
}

export function Pane({
  title,
  aside,
  onClose,
  children,
}: {
  title: ReactNode
  aside?: ReactNode
  onClose: () => void
  children: ReactNode
}) {
  const t = useUiMessages()
  const id = useId()
  return (
    <section className="panel pane" aria-labelledby={id}>
      <div className="pane-head">
        <h2 id={id}>{title}</h2>
        {aside}
        <Button look="quiet" onClick={onClose}>
          {t('action.close')} <kbd>Esc</kbd>
        </Button>
      </div>
      <div className="pane-body">{children}</div>
    </section>
  )
}

/** A part of a pane with its heading. */
export function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="part">
      <div className="part-head">
        <h3>{title}</h3>
        {aside}
      </div>
      {children}
    </section>
  )
}
