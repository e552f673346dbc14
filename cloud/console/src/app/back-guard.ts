/** Sees a step back before anything that draws pages does. */
export interface BackGuard {
  /** `asked` decides from now on: true keeps the step from everybody else. One at a time; null for nobody. */
  readonly ask: (asked: (() => boolean) | null) => void
}

/**
 * To be called before the first page is drawn: `popstate` is given to the listeners of a window in the order of their coming,
 * whether they ask for the capturing phase or not, and a router that comes first has already left the page.
 */
export function installBackGuard(): BackGuard {
  let present: (() => boolean) | null = null
  addEventListener('popstate', (event) => {
    if (present?.()) event.stopImmediatePropagation()
  })
  return {
    ask: (asked) => {
      present = asked
    },
  }
}
