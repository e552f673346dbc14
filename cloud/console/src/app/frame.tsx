import { Banner, Button, Clock, ErrorBoundary, navigate, Shell, usePath, useSearch, useToasts } from '@jidoka/ui'
import { useEffect, useRef, useState } from 'react'
import { LiveMark } from '../live/live-mark.tsx'
import { CommandPalette } from '../palette/command-palette.tsx'
import { may } from '../session/permission.ts'
import { PasswordDialog } from '../account/password-dialog.tsx'
import { AccountDialog } from './account-dialog.tsx'
import type { BackGuard } from './back-guard.ts'
import { useConsole, useText } from './console-context.tsx'
import { CurrentPage } from './current-page.tsx'
import { DirectoryProvider, useDirectory } from './directory.tsx'
import { isTyping, keyName, useHotkeys } from './hotkeys.ts'
import { KeysDialog } from './keys-dialog.tsx'
import { LeaveGuardProvider, useLeave } from './leave-guard.tsx'
import { navigationAt, pageTitles, type PagePath } from './places.ts'

export function Frame({ backGuard, onSignOut }: { backGuard: BackGuard; onSignOut: () => Promise<void> }) {
  return (
    <DirectoryProvider>
      <LeaveGuardProvider backGuard={backGuard}>
        <FrameInside onSignOut={onSignOut} />
      </LeaveGuardProvider>
    </DirectoryProvider>
  )
}

/** g and then a letter, as in many tools for people who live on the keyboard. */
const goKeys: Readonly<Record<string, PagePath>> = {
  l: '/lines',
  f: '/fleet',
  j: '/judgments',
  r: '/rules',
  a: '/audit',
  s: '/secrets',
  e: '/events',
  b: '/jobs',
  h: '/archives',
  o: '/storage',
  t: '/tenants',
}
/** 1.5 s between g and its letter; later the letter means itself again. */
const goMsMax = 1_500

function FrameInside({ onSignOut }: { onSignOut: () => Promise<void> }) {
  const t = useText()
  const path = usePath()
  const search = useSearch()
  const leave = useLeave()
  const toasts = useToasts()
  const { user, api, passwordMadeUp } = useConsole()
  const { edges } = useDirectory()
  const [open, setOpen] = useState<'palette' | 'keys' | 'account' | 'password' | null>(null)
  const goSinceMs = useRef<number | null>(null)

  const signOut = () => leave(() => void onSignOut().catch(toasts.failed))
  const signOutEverywhere = () => leave(() => void api.endSessions().then(onSignOut).catch(toasts.failed))

  useHotkeys({
    g: (event) => {
      goSinceMs.current = event.timeStamp
    },
    '?': () => setOpen('keys'),
  })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && keyName(event) === 'k') {
        event.preventDefault()
        setOpen((before) => (before === 'palette' ? null : 'palette'))
        return
      }
      const target =
        goSinceMs.current === null || event.timeStamp - goSinceMs.current > goMsMax ? undefined : goKeys[keyName(event)]
      if (target === undefined || isTyping(event.target)) return
      goSinceMs.current = null
      // The same letter means something else on a page: this one is spent.
      event.preventDefault()
      leave(() => navigate(target))
    }
    addEventListener('keydown', onKey, true)
    return () => removeEventListener('keydown', onKey, true)
  }, [leave])

  const navigation = navigationAt(path, (permission) => may(user, permission))
  const openAlarms = edges.data?.reduce((sum, edge) => sum + edge.open_alarms, 0) ?? 0
  return (
    <>
      <Shell
        title="Jidoka"
        navigation={[
          ...navigation.pages.map((href) => ({
            href,
            label: t(pageTitles[href]),
            ...(href === '/lines' ? { badge: openAlarms } : {}),
          })),
          { href: navigation.administration, label: t('page.administration') },
        ]}
        besides={navigation.besides.map((href) => ({ href, label: t(pageTitles[href]) }))}
        aside={
          <>
            <LiveMark />
            <Clock />
            <Button look="quiet" className="palette-button" onClick={() => setOpen('palette')}>
              {t('palette.open')} <kbd>Ctrl K</kbd>
            </Button>
            <Button look="quiet" onClick={() => setOpen('account')}>
              {user.name}
            </Button>
          </>
        }
      >
        {passwordMadeUp ? (
          <Banner tone="caution">
            {t('password.made_up')} <Button onClick={() => setOpen('password')}>{t('password.title')}</Button>
          </Banner>
        ) : null}
        <ErrorBoundary resetKey={path + search} report={(error) => reportError(error)}>
          <CurrentPage path={path} />
        </ErrorBoundary>
      </Shell>
      {open === 'palette' ? (
        <CommandPalette onClose={() => setOpen(null)} onSignOut={signOut} onKeys={() => setOpen('keys')} />
      ) : null}
      {open === 'keys' ? <KeysDialog onClose={() => setOpen(null)} /> : null}
      {open === 'account' ? (
        <AccountDialog
          onClose={() => setOpen(null)}
          onSignOut={signOut}
          onSignOutEverywhere={signOutEverywhere}
          onPassword={() => setOpen('password')}
        />
      ) : null}
      {open === 'password' ? <PasswordDialog onClose={() => setOpen(null)} /> : null}
    </>
  )
}
