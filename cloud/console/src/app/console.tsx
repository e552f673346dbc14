import { EmptyState, ErrorNote, Loading, SignInForm, useUi } from '@jidoka/ui'
import { useEffect, useSyncExternalStore } from 'react'
import { LiveProvider } from '../live/live-context.tsx'
import type { Session, SessionState } from '../session/session.ts'
import type { BackGuard } from './back-guard.ts'
import type { ConsoleApi } from './console-api.ts'
import { ConsoleContext, useText } from './console-context.tsx'
import { Frame } from './frame.tsx'

/** Everything: the way in, and what is behind it. */
export function Console({ session, api, backGuard }: { session: Session; api: ConsoleApi; backGuard: BackGuard }) {
  const state = useSyncExternalStore(session.subscribe, session.state)
  const { suggestLocale } = useUi()
  const locale = state.kind === 'signed_in' ? state.session.user.locale : null
  useEffect(() => {
    if (locale !== null) suggestLocale(locale)
  }, [locale, suggestLocale])

  if (state.kind !== 'signed_in') return <Door state={state} session={session} />
  const { user, tenant_id: tenantId, password_made_up: passwordMadeUp } = state.session
  return (
    <ConsoleContext value={{ api, user, tenantId, passwordMadeUp, changePassword: session.changePassword }}>
      <LiveProvider session={session}>
        <Frame backGuard={backGuard} onSignOut={session.signOut} />
      </LiveProvider>
    </ConsoleContext>
  )
}

function Door({ state, session }: { state: Exclude<SessionState, { kind: 'signed_in' }>; session: Session }) {
  const t = useText()
  if (state.kind === 'restoring') {
    return (
      <div className="door">
        <Loading rows={3} />
      </div>
    )
  }
  if (state.kind === 'unreachable') {
    return (
      <main className="door">
        <EmptyState title={t('door.unreachable')}>
          <ErrorNote error={state.error} onRetry={() => void session.restore()} />
        </EmptyState>
      </main>
    )
  }
  const notice =
    state.because === 'ended' ? t('door.ended') : state.because === 'chosen' ? t('door.signed_out') : undefined
  return (
    <SignInForm
      product="Jidoka"
      place={t('door.place')}
      {...(notice === undefined ? {} : { notice })}
      onSignIn={session.signIn}
    />
  )
}
