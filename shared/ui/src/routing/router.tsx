import { useCallback, useMemo, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react'
import { matchPath, type RouteParameters } from './match.ts'
import { readUrlState, writeUrlState, type UrlFields } from './url-state.ts'

/** `pushState` tells nobody, so that those who show the address are told by this event. */
const navigated = 'jidoka:navigated'

const subscribe = (listener: () => void) => {
  addEventListener('popstate', listener)
  addEventListener(navigated, listener)
  return () => {
    removeEventListener('popstate', listener)
    removeEventListener(navigated, listener)
  }
}

/** Goes to an address of this program. `replace` leaves no step to go back to: for filters that are being typed. */
export function navigate(address: string, options: { replace?: boolean } = {}): void {
  if (options.replace) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  dispatchEvent(new Event(navigated))
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname)
}

export function useSearch(): string {
  return useSyncExternalStore(subscribe, () => location.search)
}

/** The first route that fits the present path, with the parts of the path that it names. */
export function useRoute<const Patterns extends readonly string[]>(
  patterns: Patterns,
): { route: Patterns[number] | null; parameters: RouteParameters } {
  const path = usePath()
  for (const route of patterns) {
    const parameters = matchPath(route, path)
    if (parameters) return { route, parameters }
  }
  return { route: null, parameters: {} }
}

/**
 * State that lives in the URL's query, so that a link shows a colleague the same. Declare `fields` outside of the component.
 * The setter changes what it is given and keeps the rest; by default it makes a step that Back undoes.
 */
export function useUrlState<State extends object>(
  fields: UrlFields<State>,
): [state: State, change: (change: Partial<State>, options?: { replace?: boolean }) => void] {
  const search = useSearch()
  const state = useMemo(() => readUrlState(fields, search), [fields, search])
  const change = useCallback(
    (changed: Partial<State>, options?: { replace?: boolean }) => {
      const wanted = writeUrlState(fields, location.search, changed)
      if (wanted !== location.search) navigate(location.pathname + wanted, options)
    },
    [fields],
  )
  return [state, change]
}

/** A click that the browser should handle itself: a new tab, a new window, a download. */
function isPlainClick(event: MouseEvent<HTMLAnchorElement>): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
}

/** A link within the program. `aria-current="page"` is set while its path is the present one. */
export function Link({ href, onClick, children, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const path = usePath()
  const current = href.split('?')[0] === path
  return (
    <a
      {...(current ? { 'aria-current': 'page' } : {})}
      {...rest}
      href={href}
      onClick={(event) => {
        onClick?.(event)
        if (event.defaultPrevented || !isPlainClick(event)) return
        event.preventDefault()
        navigate(href)
      }}
    >
      {children}
    </a>
  )
}
