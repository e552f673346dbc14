import { edgePaths } from '@jidoka/contract'
import { passwordMistakes, type PasswordFields } from '@jidoka/domain'
import { Button, ErrorNote, Field, ProblemError, useToasts, useUiMessages } from '@jidoka/ui'
import { useState, type FormEvent } from 'react'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'

const blank: PasswordFields = { current: '', next: '', repeat: '' }

export function PasswordForm() {
  const t = useText()
  const ui = useUiMessages()
  const toasts = useToasts()
  const { api } = useSession()
  const [fields, setFields] = useState(blank)
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const mistakes = tried ? passwordMistakes(fields) : {}
  const wrongPassword = error instanceof ProblemError && error.is('wrong_credentials')

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (busy || Object.keys(passwordMistakes(fields)).length > 0) return
    setBusy(true)
    setError(undefined)
    try {
      await api.post(edgePaths.password, { current: fields.current, next: fields.next })
      setFields(blank)
      setTried(false)
      toasts.done(t('settings.changed'))
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }

  const box = (name: keyof PasswordFields, autoComplete: 'current-password' | 'new-password') => ({
    type: 'password',
    autoComplete,
    maxLength: 256,
    value: fields[name],
    onChange: (event: { target: { value: string } }) =>
      setFields((before) => ({ ...before, [name]: event.target.value })),
  })
  const says = (mistake: keyof typeof mistakes) =>
    mistakes[mistake] === undefined ? null : t(`settings.${mistakes[mistake]}`)
  return (
    <form className="stack settings-form" noValidate onSubmit={(event) => void submit(event)}>
      {error === undefined || wrongPassword ? null : <ErrorNote error={error} />}
      <Field
        label={t('settings.current')}
        {...box('current', 'current-password')}
        error={says('current') ?? (wrongPassword ? ui('problem.wrong_credentials') : null)}
      />
      <Field
        label={t('settings.next')}
        hint={t('settings.next_hint')}
        {...box('next', 'new-password')}
        error={says('next')}
      />
      <Field label={t('settings.repeat')} {...box('repeat', 'new-password')} error={says('repeat')} />
      <div>
        <Button type="submit" look="primary" busy={busy}>
          {t('settings.change')}
        </Button>
      </div>
    </form>
  )
}
