import { useEffect, useRef, type ReactNode } from 'react'
import { useUiMessages } from '../context/ui-context.tsx'
import { Link, usePath } from '../routing/router.tsx'

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
        <Places className="shell-nav" label={t('app.menu')} items={navigation} />
        <div className="shell-aside">{aside}</div>
      </header>
      {besides.length === 0 ? null : (
        <Places className="shell-nav shell-besides" label={t('app.besides')} items={besides} />
      )}
      {banner}
      <main className="shell-main" id="main" tabIndex={-1} ref={main}>
        {children}
      </main>
    </>
  )
}

/** Where they scroll sideways, on a narrow screen, the present one is brought to the middle. */
function Places({ className, label, items }: { className: string; label: string; items: readonly NavigationItem[] }) {
  const nav = useRef<HTMLElement>(null)
  const path = usePath()
  // What they take changes with the badges, which come later.
  const shown = [path, ...items.map(({ label: name, badge }) => (badge ? `${name} .` : name))].join(' ')
  const broughtFor = useRef('')
  useEffect(() => {
    if (broughtFor.current === shown) return
    broughtFor.current = shown
    const here = nav.current?.querySelector('[aria-current=page]')?.getBoundingClientRect()
    const all = nav.current?.getBoundingClientRect()
    if (here && all) nav.current?.scrollBy({ left: here.left + here.width / 2 - all.left - all.width / 2 })
  })
  return (
    <nav className={className} aria-label={label} ref={nav}>
      {items.map(({ href, label: name, badge }) => (
        <Link key={href} href={href}>
          {name}
          {badge ? <span className="shell-badge">{badge}</span> : null}
        </Link>
      ))}
    </nav>
  )
}
