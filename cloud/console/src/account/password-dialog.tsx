import { passwordMistakes, type PasswordFields } from '@jidoka/domain'
import { Button, Dialog, ErrorNote, Field, ProblemError, useToasts, useUiMessages } from '@jidoka/ui'
import { useState, type FormEvent } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'

const blank: PasswordFields = { current: '', next: '', repeat: '' }

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const t = useText()
  const ui = useUiMessages()
  const toasts = useToasts()
  const { user, changePassword } = useConsole()
  const [fields, setFields] = useState(blank)
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const mistakes = tried ? passwordMistakes(fields) : {}
  const isWrong = error instanceof ProblemError && error.is('wrong_credentials')

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (busy || Object.keys(passwordMistakes(fields)).length > 0) return
    setBusy(true)
    setError(undefined)
    try {
      await changePassword(fields.current, fields.next)
      toasts.done(t('password.changed'))
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  const box = (name: keyof PasswordFields) => ({
    label: t(`password.${name}`),
    type: 'password',
    autoComplete: name === 'current' ? 'current-password' : 'new-password',
    maxLength: 256,
    value: fields[name],
    onChange: (event: { target: { value: string } }) =>
      setFields((before) => ({ ...before, [name]: event.target.value })),
  })
  const says = (name: keyof PasswordFields) => {
    const mistake = mistakes[name]
    return mistake === undefined ? null : t(`password.${mistake}`)
  }
  return (
    <Dialog
      title={t('password.title')}
      onClose={onClose}
      footer={
        <Button type="submit" form="change-password" look="primary" busy={busy}>
          {t('password.change')}
        </Button>
      }
    >
      <form id="change-password" className="stack" noValidate onSubmit={(event) => void submit(event)}>
        {error === undefined || isWrong ? null : <ErrorNote error={error} />}
        {/* Whoever keeps passwords for people finds out by this whose it is. */}
        <input type="text" autoComplete="username" value={user.login} readOnly hidden />
        <Field {...box('current')} error={says('current') ?? (isWrong ? ui('problem.wrong_credentials') : null)} />
        <Field {...box('next')} hint={t('password.next_hint')} error={says('next')} />
        <Field {...box('repeat')} error={says('repeat')} />
      </form>
    </Dialog>
  )
}
