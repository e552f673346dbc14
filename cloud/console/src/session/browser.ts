import type { Session, SessionParts } from './session.ts'

const channelName = 'jidoka.session'

/** What a session needs of a browser. */
export function browserSessionParts(): Omit<SessionParts, 'calls'> {
  return {
    now: () => Date.now(),
    random: Math.random,
    startTimer: (expired, ms) => {
      const timer = setTimeout(expired, ms)
      return () => clearTimeout(timer)
    },
    // Web locks are there on https and on loopback only. Without them two tabs may collide, and one then signs in again.
    exclusively: async (run) => ('locks' in navigator ? await navigator.locks.request(channelName, run) : await run()),
    announceSignOut: () => {
      const channel = new BroadcastChannel(channelName)
      channel.postMessage('signed_out')
      channel.close()
    },
  }
}

/** A sign-out in another tab holds here too: the cookie is gone, and the token in memory would go on for minutes. */
export function followOtherTabs(session: Session): void {
  new BroadcastChannel(channelName).addEventListener('message', (event: MessageEvent<unknown>) => {
    if (event.data === 'signed_out') session.signedOutElsewhere()
  })
}
