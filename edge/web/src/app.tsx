import { edgePaths, type User } from '@jidoka/contract'
import { createApi, ErrorNote, isAbort, Loading, ProblemError, SignInForm, useUi } from '@jidoka/ui'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { createLiveBoard } from './board/live-board.ts'
import { LiveContext } from './board/live-context.tsx'
import { useText } from './messages/index.ts'
import { Pages } from './pages.tsx'
import { SessionContext, type Session } from './session/session-context.tsx'

type SessionState =
  | { at: 'asking' }
  | { at: 'failed'; error: unknown }
  | { at: 'signed_out'; ended: boolean }
  | { at: 'signed_in'; user: User }

/** Who is signed in decides what is drawn: nobody, the sign-in page; somebody, the pages over one live board. */
export function App() {
  const t = useText()
  const { ticker, suggestLocale } = useUi()
  const [session, setSession] = useState<SessionState>({ at: 'asking' })

  const onSignedOut = useCallback(
    () => setSession((before) => ({ at: 'signed_out', ended: before.at === 'signed_in' })),
    [],
  )
  const api = useMemo(() => createApi({ onSignedOut }), [onSignedOut])
  const live = useMemo(() => createLiveBoard({ api, ticker, onSignedOut }), [api, ticker, onSignedOut])

  const signedIn = useCallback(
    (user: User) => {
      suggestLocale(user.locale)
      setSession({ at: 'signed_in', user })
    },
    [suggestLocale],
  )

  const isAsking = session.at === 'asking'
  useEffect(() => {
    if (!isAsking) return undefined
    const controller = new AbortController()
    const ask = async () => {
      try {
        signedIn((await api.get<User>(edgePaths.me, { signal: controller.signal })).data)
      } catch (error) {
        if (isAbort(error)) return
        if (error instanceof ProblemError && error.is('not_signed_in')) setSession({ at: 'signed_out', ended: false })
        else setSession({ at: 'failed', error })
      }
    }
    void ask()
    return () => controller.abort()
  }, [api, signedIn, isAsking])

  const login = session.at === 'signed_in' ? session.user.login : null
  useEffect(() => (login === null ? undefined : live.start()), [live, login])

  const context = useMemo<Session | null>(
    () =>
      session.at === 'signed_in'
        ? {
            user: session.user,
            api,
            signOut: async () => {
              await api.post(edgePaths.logout)
              setSession({ at: 'signed_out', ended: false })
            },
          }
        : null,
    [session, api],
  )

  if (session.at === 'signed_in') {
    return (
      <SessionContext value={context}>
        <LiveContext value={live}>
          <Pages />
        </LiveContext>
      </SessionContext>
    )
  }
  if (session.at === 'signed_out') {
    return (
      <SignInForm
        product="Jidoka"
        place={t('sign_in.place')}
        notice={session.ended ? t('sign_in.ended') : null}
        onSignIn={async (name, password) =>
          signedIn((await api.post<User>(edgePaths.login, { login: name, password })).data)
        }
      />
    )
  }
  return (
    <main className="shell-main">
      {session.at === 'asking' ? (
        <Loading />
      ) : (
        <ErrorNote error={session.error} onRetry={() => setSession({ at: 'asking' })} />
      )}
    </main>
  )
}
