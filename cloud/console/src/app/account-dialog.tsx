import { Button, Dialog, Facts, LanguageSwitch, ThemeSwitch, useUi, useUiMessages } from '@jidoka/ui'
import { useConsole, useText } from './console-context.tsx'

export function AccountDialog({
  onClose,
  onSignOut,
  onSignOutEverywhere,
  onPassword,
}: {
  onClose: () => void
  onSignOut: () => void
  onSignOutEverywhere: () => void
  onPassword: () => void
}) {
  const t = useText()
  const ui = useUiMessages()
  const { user, tenantId } = useConsole()
  const { timeZone } = useUi()
  return (
    <Dialog
      title={t('account.title')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onPassword}>{t('password.title')}</Button>
          <Button
            onClick={() => {
              onClose()
              onSignOutEverywhere()
            }}
          >
            {t('account.sign_out_everywhere')}
          </Button>
          <Button
            onClick={() => {
              onClose()
              onSignOut()
            }}
          >
            {t('account.sign_out')}
          </Button>
        </>
      }
    >
      <Facts
        facts={[
          [t('account.name'), user.name],
          [t('account.login'), user.login],
          [t('account.role'), ui(`role.${user.role}`)],
          [t('account.tenant'), tenantId],
          [t('account.zone'), timeZone],
          [ui('language.label'), <LanguageSwitch key="language" />],
          [ui('theme.label'), <ThemeSwitch key="theme" />],
        ]}
      />
    </Dialog>
  )
}
