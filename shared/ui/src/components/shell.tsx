import { useRef, type ReactNode } from 'react'
import { useUiMessages } from '../context/ui-context.tsx'
import { Link } from '../routing/router.tsx'

export interface NavigationItem {
  readonly href: string
  readonly label: string
  /** A count that wants attention; 0 shows none. */
  readonly badge?: number
}

/** The frame of every page: name, places to go, who is there, what everybody must know (banner), the page. */
export function Shell({
  title,
  navigation,
  besides = [],
  aside,
  banner,
  children,
}: {
  title: ReactNode
  navigation: readonly NavigationItem[]
  /** The pages that belong with the present one, where it is one of several behind an entry of `navigation`. */
  besides?: readonly NavigationItem[]
  aside: ReactNode
  banner?: ReactNode
  children: ReactNode
}) {
  const t = useUiMessages()
  const main = useRef<HTMLElement>(null)
  return (
    <>
      <a
        className="button shell-skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault()
          main.current?.focus()
        }}
      >
        {t('app.skip_to_content')}
      </a>
      <header className="shell-header">
        <div className="shell-title">{title}</div>
        <nav className="shell-nav" aria-label={t('app.menu')}>
          {navigation.map((item) => (
            <Link key={item.href} href={item.href}>
              {item.label}
              {item.badge ? <span className="shell-badge">{item.badge}</span> : null}
            </Link>
          ))}
        </nav>
        <div className="shell-aside">{aside}</div>
      </header>
      {besides.length === 0 ? null : (
        <nav className="shell-nav shell-besides" aria-label={t('app.besides')}>
          {besides.map(({ href, label }) => (
            <Link key={href} href={href}>
              {label}
            </Link>
          ))}
        </nav>
      )}
      {banner}
      <main className="shell-main" id="main" tabIndex={-1} ref={main}>
        {children}
      </main>
    </>
  )
}
