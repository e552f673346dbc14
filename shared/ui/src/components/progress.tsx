import type { ReactNode } from 'react'

/** How far something is, as a bar and in words; the words say it all, for who does not see the bar. A `fraction` of null: it is under way, nobody knows how far. */
export function Progress({
  label,
  fraction,
  children,
}: {
  label: string
  fraction: number | null
  children: ReactNode
}) {
  const shown = fraction === null ? null : Math.max(0, Math.min(1, fraction))
  return (
    <div className="progress">
      <progress aria-label={label} max={1} {...(shown === null ? {} : { value: shown })} />
      <span className="progress-text">{children}</span>
    </div>
  )
}
