import { useId, type ButtonHTMLAttributes, type ReactNode } from 'react'

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled'> {
  readonly look?: 'plain' | 'primary' | 'quiet'
  /** Why it cannot be used now. The button stays in its place and in the tab order, so that the reason can be found and read out. */
  readonly refused?: string | null
  /** `beside` shows the reason under the button; `spoken` leaves showing it to the caller (a row of equal buttons). */
  readonly refusedShown?: 'beside' | 'spoken'
  /** Its work is under way: it takes no second press. */
  readonly busy?: boolean
  readonly children: ReactNode
}

export function Button({
  look = 'plain',
  refused = null,
  refusedShown = 'beside',
  busy = false,
  onClick,
  className,
  children,
  ...rest
}: ButtonProps) {
  const reasonId = useId()
  const blocked = refused !== null || busy
  const button = (
    <button
      type="button"
      {...rest}
      className={['button', look === 'plain' ? '' : `button-${look}`, className].filter(Boolean).join(' ')}
      aria-disabled={blocked || undefined}
      aria-busy={busy || undefined}
      aria-describedby={refused === null ? rest['aria-describedby'] : reasonId}
      onClick={(event) => {
        if (blocked) event.preventDefault()
        else onClick?.(event)
      }}
    >
      {children}
    </button>
  )
  if (refused === null) return button
  return (
    <span className="button-with-reason">
      {button}
      <span id={reasonId} className={refusedShown === 'beside' ? 'button-reason' : 'visually-hidden'}>
        {refused}
      </span>
    </span>
  )
}
