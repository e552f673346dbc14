import { edgePaths } from '@jidoka/contract'
import { usePasswordForm } from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'

export function PasswordForm() {
  const t = useText()
  const { api, user } = useSession()
  const { form, button } = usePasswordForm({
    login: user.login,
    change: (current, next) => api.post(edgePaths.password, { current, next }),
    done: t('settings.changed'),
  })
  return (
    <div className="stack settings-form">
      {form}
      <div>{button}</div>
    </div>
  )
}
