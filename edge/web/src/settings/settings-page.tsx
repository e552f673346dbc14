import { Facts, LanguageSwitch, ThemeSwitch, useLocalText, useUiMessages } from '@jidoka/ui'
import { useBoard } from '../board/live-context.tsx'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { PasswordForm } from './password-form.tsx'

export function SettingsPage() {
  const t = useText()
  const ui = useUiMessages()
  const localText = useLocalText()
  const { user } = useSession()
  const site = useBoard((board) => board.site)
  const edge = useBoard((board) => board.edge)
  return (
    <div className="page">
      <h1>{t('page.settings')}</h1>
      <div className="line-tables">
        <section className="panel stack" aria-labelledby="settings-device">
          <h2 id="settings-device">{t('settings.language')}</h2>
          <LanguageSwitch />
          <h2>{t('settings.theme')}</h2>
          <ThemeSwitch />
          <p className="second small">{t('settings.on_this_device')}</p>
        </section>
        <section className="panel stack" aria-labelledby="settings-password">
          <h2 id="settings-password">{t('settings.password')}</h2>
          <PasswordForm />
        </section>
        <section className="panel stack" aria-labelledby="settings-you">
          <h2 id="settings-you">{t('settings.you')}</h2>
          <Facts
            facts={[
              [t('settings.login'), user.login],
              [t('settings.role'), ui(`role.${user.role}`)],
            ]}
          />
          <h2>{t('settings.about')}</h2>
          <Facts
            facts={[
              [t('settings.site'), localText(site.name)],
              [t('settings.time_zone'), site.time_zone],
              [t('settings.edge_name'), edge.name],
              [t('settings.edge_id'), edge.id ?? t('settings.none')],
              [t('settings.tenant'), edge.tenant_id],
              [t('settings.version'), edge.version],
            ]}
          />
        </section>
      </div>
    </div>
  )
}
