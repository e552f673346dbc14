import '@jidoka/ui/styles.css'
import './styles.css'
import { createApi, createTicker, ToastProvider, UiProvider } from '@jidoka/ui'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { installBackGuard } from './app/back-guard.ts'
import { createConsoleApi, createSessionCalls } from './app/console-api.ts'
import { Console } from './app/console.tsx'
import { browserSessionParts, followOtherTabs } from './session/browser.ts'
import { createSession, issuedAtMs, type Session } from './session/session.ts'

const ticker = createTicker()
const session: Session = createSession({
  calls: createSessionCalls(createApi(), createApi({ authorization: () => session.authorization() })),
  ...browserSessionParts(),
})
const api = createConsoleApi(createApi({ authorization: session.authorization, refresh: session.refresh }))

// Ages follow the cloud's clock: each new token says when it was made.
session.subscribe(() => {
  const state = session.state()
  if (state.kind !== 'signed_in') return
  const madeAtMs = issuedAtMs(state.session.access_token)
  if (madeAtMs !== null) ticker.correct(madeAtMs)
})
followOtherTabs(session)
const backGuard = installBackGuard()

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element "root"')
createRoot(root).render(
  <StrictMode>
    <UiProvider ticker={ticker}>
      <ToastProvider>
        <Console session={session} api={api} backGuard={backGuard} />
      </ToastProvider>
    </UiProvider>
  </StrictMode>,
)
void session.restore()
