import { Dialog, usePasswordForm } from '@jidoka/ui'
import { useConsole, useText } from '../app/console-context.tsx'

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const t = useText()
  const { user, changePassword } = useConsole()
  const { form, button } = usePasswordForm({
    login: user.login,
    change: changePassword,
    done: t('password.changed'),
    onDone: onClose,
  })
  return (
    <Dialog title={t('password.title')} onClose={onClose} footer={button}>
      {form}
    </Dialog>
  )
}
