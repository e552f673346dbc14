import { Button, Clock, LanguageSwitch, Link, ThemeSwitch, useToasts, useUi, useUiMessages } from '@jidoka/ui'
import { useLive } from './board/live-context.tsx'
import { useText } from './messages/index.ts'
import { useSession } from './session/session-context.tsx'

const menuId = 'user-menu'

/** The line to the cloud, the site's time, the other language in one tap, and the menu of whoever is signed in. */
export function HeaderAside() {
  const t = useText()
  const ui = useUiMessages()
  const { locale, chooseLocale } = useUi()
  const { user, signOut } = useSession()
  const toasts = useToasts()
  const cloud = useLive((state) => state.board?.lineToCloud.state ?? null)
  return (
    <>
      {cloud === null ? null : (
        <Link className={cloud === 'offline' ? 'cloud-state cloud-state-offline' : 'cloud-state'} href="/sync">
          {t(`cloud.${cloud}`)}
        </Link>
      )}
      <Clock />
      <Button
        look="quiet"
        lang={locale === 'ko' ? 'en' : 'ko'}
        onClick={() => chooseLocale(locale === 'ko' ? 'en' : 'ko')}
      >
        {locale === 'ko' ? 'EN' : '한국어'}
      </Button>
      <Button popoverTarget={menuId} aria-label={t('user.menu', { name: user.name })}>
        {user.name}
      </Button>
      <div className="user-menu" id={menuId} popover="auto">
        <p>
          <strong>{user.name}</strong> <span className="second">{ui(`role.${user.role}`)}</span>
        </p>
        <LanguageSwitch />
        <ThemeSwitch />
        <Link className="button" href="/settings" onClick={() => document.getElementById(menuId)?.hidePopover()}>
          {t('user.settings')}
        </Link>
        <Button onClick={() => void signOut().catch(toasts.failed)}>{t('user.sign_out')}</Button>
      </div>
    </>
  )
}
